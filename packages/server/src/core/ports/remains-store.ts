import type { LeftGroup } from './conversation-store.ts';

/** What leaves more behind than one write may remove. */
export type RemainsKind = 'group' | 'room' | 'user' | 'webhook';

/** Of what was deleted, by the id that it had. */
export interface RemainsOf {
  readonly kind: RemainsKind;
  readonly tenant: string;
  readonly id: string;
}

/** What one write removed of the remains of something that was deleted. */
export interface Swept extends RemainsOf {
  /** Who deleted it. */
  readonly actorId: string;
  /** Of a group or room: those whose memberships were removed. */
  readonly members: readonly string[];
  /** Of a user: the groups that it is no member of any more. */
  readonly groups: readonly LeftGroup[];
  /** Nothing is left of it. */
  readonly isDone: boolean;
}

/**
 * What was deleted is out of everybody's sight by one small write. The rows that it leaves, its remains, are removed by later
 * ones, each of a bounded number: a crash between two of them loses nothing, as what is left is noted with the deletion.
 */
export interface RemainsStore {
  /**
   * Removes up to `limit` rows of the oldest remains, or of those that are named. Undefined where there are none but what
   * another node is at.
   */
  sweepRemains(limit: number, only?: RemainsOf): Promise<Swept | undefined>;
}
