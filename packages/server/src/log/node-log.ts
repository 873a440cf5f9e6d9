import type { LogEntry } from '../core/log/log-entry.ts';
import type { Timestamp } from '../core/model.ts';
import type { CommittedRecord, NodeRecord, Positions } from './record.ts';

/** A node of this deployment, as the database knows it. */
export interface NodeOfCluster {
  readonly name: string;
  /** Of the program. */
  readonly version: string;
  readonly startedAt: Timestamp;
  /** How long ago it said that it is there, in ms. */
  readonly silentFor: number;
  /** Whether it is the one that was asked. */
  readonly isThis: boolean;
  /** What it says of itself. */
  readonly report: object;
}

/**
 * What the nodes on one database have done, kept there for an hour at least: each transaction of a node writes into it what others
 * have to tell their sessions, as long as there are others. Promises of every adapter:
 *
 * - what is committed by another node after `join` has resolved is in the log, or was seen by whoever reads the database then;
 * - a writer's records become visible in the order of their numbers, without gaps.
 */
export interface NodeLog {
  /** The writers of this node, which tells by itself what they write. */
  readonly ownWriters: ReadonlySet<string>;
  /** Whether there are others, as far as this node knows. */
  readonly hasOthers: boolean;
  /** Takes a place among the nodes, also after the last one was lost. Returns how far the log has come. */
  join(): Promise<Positions>;
  /** Says that this node is there. Returns all nodes; undefined where this one has lost its place. @param report plain data */
  renew(report: object): Promise<readonly NodeOfCluster[] | undefined>;
  /** What others have written after these positions: some of each writer's, in order. */
  read(positions: Positions): Promise<readonly NodeRecord[]>;
  /** Writes what is told only, and not stored. Returns what was written; undefined where nobody would read it. */
  append(entries: readonly LogEntry[]): Promise<CommittedRecord | undefined>;
  /** Gives its place up. */
  leave(): Promise<void>;
  close(): Promise<void>;
}
