import type { LogEntry } from '../core/log/log-entry.ts';

/** How far the writers of a log have come: the last number of each. Who is not in it has written nothing. */
export type Positions = ReadonlyMap<string, number>;

/** Where a record of the log is: who wrote it, and its number among that writer's, from 1 without gaps. */
export interface RecordPlace {
  readonly writer: string;
  readonly n: number;
}

/** What one transaction did, or a part of it, for nodes that have not done it themselves. */
export interface NodeRecord extends RecordPlace {
  /**
   * What others had committed when this was written, as far as this writer's records before did not say so: it was
   * decided by that, and is told after it.
   */
  readonly after: Positions;
  readonly entries: readonly LogEntry[];
}

/** What a lane of this node has committed. */
export interface CommittedRecord {
  readonly writer: string;
  /** The number of its first part, and its last. */
  readonly first: number;
  readonly last: number;
  readonly after: Positions;
  /** The entries of each part, as JSON. */
  readonly bodies: readonly string[];
}
