import type { LogEntry } from '../log/log-entry.ts';
import type { Timestamp } from '../model.ts';
import type { OutboxEntry } from './event-store.ts';

/** Which record of the change log: who wrote it, and its number among that writer's, from 1 without gaps. */
export interface LogPlace {
  /** A new one at each start of whoever writes. */
  readonly writer: string;
  readonly n: number;
  /** Orders the records of all writers, as far as their clocks agree; ascends for each writer. */
  readonly ordinal: number;
}

/** What one transaction of the store did, or a part of it. */
export interface LogRecord extends LogPlace {
  readonly at: Timestamp;
  readonly entries: readonly LogEntry[];
}

/** What other systems learn of a record. */
export interface FedRecord extends LogPlace {
  readonly deliveries: readonly OutboxEntry[];
}

/**
 * The change log: what operations did, written in their own transactions, so that no crash comes between a change and its
 * record. It is kept where somebody reads it, and a record goes as soon as it was read.
 */
export interface LogStore {
  /** Whether what other systems learn of is logged from now on. After opening it is not. */
  keepLog(isKept: boolean): Promise<void>;
  /** The oldest records, those of each writer in their order. */
  listLog(limit: number): Promise<LogRecord[]>;
  /**
   * Removes records and records their deliveries, as `recordDeliveries` does, in one transaction. One that somebody else has
   * fed is passed over with its deliveries, so that each is fed once. Returns how many deliveries were left out.
   */
  feedOutbox(records: readonly FedRecord[], maxWaiting: number): Promise<number>;
}
