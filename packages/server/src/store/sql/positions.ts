import type { SeqRange } from '../../core/model.ts';
import type { AcknowledgementEntry } from '../../core/ports/store.ts';
import type { Position } from '../../core/ranges.ts';
import { cover } from '../../core/ranges.ts';
import { type BulkItem, type BulkStatement, bulk, getEach, runEach } from './bulk.ts';
import { packRanges, parseRanges } from './range-json.ts';
import { all, get, type Op, run } from './statement.ts';

interface PositionRow {
  delivered: number;
  delivered_above: string;
  read: number;
  read_above: string;
  revision: number;
  revision_above: string;
}

const COLUMNS = 'delivered, delivered_above, read, read_above, revision, revision_above';
const findOf = (holder: Holder, lock = '') =>
  `SELECT ${COLUMNS} FROM ${holder} WHERE conversation = ? AND user_id = ?${lock}`;
const FIND = {
  read: { member: findOf('member'), former_member: findOf('former_member') },
  write: {
    member: findOf('member', ' FOR UPDATE'),
    former_member: findOf('former_member', ' FOR UPDATE'),
  },
};
const FIND_EACH = bulk(
  { conversation: 'INTEGER', user_id: 'TEXT' },
  `SELECT ${COLUMNS} FROM member WHERE member.conversation = :conversation AND member.user_id = :user_id FOR UPDATE`,
);
const MOVE = { member: moveOf('member'), former_member: moveOf('former_member') };

function moveOf(holder: Holder): BulkStatement {
  return bulk(
    {
      delivered: 'INTEGER',
      delivered_above: 'TEXT',
      read: 'INTEGER',
      read_above: 'TEXT',
      revision: 'INTEGER',
      revision_above: 'TEXT',
      conversation: 'INTEGER',
      user_id: 'TEXT',
    },
    `UPDATE ${holder} SET delivered = :delivered, delivered_above = :delivered_above, read = :read, read_above = :read_above,
       revision = :revision, revision_above = :revision_above
       WHERE ${holder}.conversation = :conversation AND ${holder}.user_id = :user_id`,
  );
}

/** A member's positions in one conversation, as they are inside the running transaction. */
export interface Positions {
  delivered: Position;
  read: Position;
  /** Which changes to messages the member knows of. */
  revisions: Position;
}

/** Where positions are: of members, and of those who were. */
type Holder = 'member' | 'former_member';

interface CachedPositions extends Positions {
  readonly holder: Holder;
  readonly conversation: number;
  readonly user: string;
  dirty: boolean;
}

/**
 * Members' positions, loaded once a transaction and written back once at its end, however many messages of the
 * transaction moved them.
 */
export class PositionTable {
  readonly #cache = new Map<string, CachedPositions>();
  readonly #find: (typeof FIND)['read'];

  /** @param use a write locks the positions that it looks up */
  constructor(use: 'read' | 'write' = 'read') {
    this.#find = FIND[use];
  }

  /** Looks up many members' positions at once. */
  *prefetch(holders: readonly { readonly conversation: number; readonly user: string }[]): Op<void> {
    const missing = new Map(
      holders.map(({ conversation, user }) => [keyOf('member', conversation, user), { conversation, user }]),
    );
    for (const key of missing.keys()) if (this.#cache.has(key)) missing.delete(key);
    // Whoever locks several does it in the same order.
    const ordered = [...missing.values()].sort(
      (a, b) => a.conversation - b.conversation || (a.user < b.user ? -1 : 1),
    );
    const rows = yield* getEach<PositionRow>(
      FIND_EACH,
      ordered.map(({ conversation, user }) => [conversation, user]),
    );
    for (const [index, row] of rows.entries()) {
      const { conversation, user } = ordered[index] as (typeof ordered)[number];
      if (row) this.#remember('member', conversation, user, row);
    }
  }

  /** Undefined for one who is no member. */
  *find(conversation: number, user: string): Op<Positions | undefined> {
    return yield* this.#load(conversation, user);
  }

  /** Covers ranges as delivered or read (which implies delivered); returns what was not covered; undefined for no member. */
  *cover(
    conversation: number,
    user: string,
    kind: 'delivered' | 'read',
    ranges: readonly SeqRange[],
  ): Op<SeqRange[] | undefined> {
    const positions = yield* this.#load(conversation, user);
    return positions && coverIn(positions, kind, ranges);
  }

  /**
   * As `cover`, also for one who was a member: what it got last is often acknowledged after it left. Returns nothing for
   * others.
   */
  *acknowledge(
    conversation: number,
    user: string,
    kind: 'delivered' | 'read',
    ranges: readonly SeqRange[],
  ): Op<SeqRange[]> {
    const positions = yield* this.#loadAny(conversation, user);
    return positions ? coverIn(positions, kind, ranges) : [];
  }

  /**
   * Covers what many users got, up to the conversation's last sequence. Those who got the same and whose mark it just
   * continues, as it mostly does, cost no look at each.
   */
  *coverAll(
    conversation: number,
    kind: 'delivered' | 'read',
    entries: readonly AcknowledgementEntry[],
    lastSeq: number,
  ): Op<void> {
    for (const { userIds, ranges: given, revisions } of alike(entries)) {
      const ranges = upTo(lastSeq, given);
      const [range] = ranges;
      const isPlain =
        kind === 'delivered' && range !== undefined && ranges.length === 1 && userIds.length > 1;
      const rest = isPlain ? yield* this.#continueMarks(conversation, userIds, range) : userIds;
      for (const user of rest) yield* this.acknowledge(conversation, user, kind, ranges);
      if (revisions.length === 0) continue;
      for (const user of userIds) yield* this.coverRevisions(conversation, user, revisions);
    }
  }

  /** Covers revisions as known; nothing for one who neither is a member nor was. */
  *coverRevisions(conversation: number, user: string, ranges: readonly SeqRange[]): Op<void> {
    const positions = yield* this.#loadAny(conversation, user);
    if (!positions) return;
    const { position, fresh } = cover(positions.revisions, ranges);
    if (fresh.length === 0) return;
    positions.revisions = position;
    positions.dirty = true;
  }

  /** Writes back what moved. To be called before the transaction ends. */
  *flush(): Op<void> {
    const moved: Record<Holder, BulkItem[]> = { member: [], former_member: [] };
    for (const { holder, conversation, user, delivered, read, revisions, dirty } of this.#cache.values()) {
      if (!dirty) continue;
      const columns = [delivered, read, revisions].flatMap(({ mark, above }) => [mark, packRanges(above)]);
      moved[holder].push([...columns, conversation, user]);
    }
    this.#cache.clear();
    yield* runEach(MOVE.member, moved.member);
    yield* runEach(MOVE.former_member, moved.former_member);
  }

  /** Forgets everything, as after a rollback. */
  reset(): void {
    this.#cache.clear();
  }

  /** Moves the delivered marks that reach up to a range to its end. Returns the users who need more than that. */
  *#continueMarks(
    conversation: number,
    users: readonly string[],
    { from, to }: SeqRange,
  ): Op<readonly string[]> {
    // What this transaction moved before is looked at in the table.
    yield* this.flush();
    yield* run(
      `UPDATE member SET delivered = ? WHERE conversation = ? AND user_id IN TEXTS(?)
           AND delivered BETWEEN ? AND ? AND delivered_above = '[]'`,
      to,
      conversation,
      users,
      from - 1,
      to - 1,
    );
    const rest: { user_id: string }[] = [];
    for (const holder of ['member', 'former_member'] as const) {
      const select = `SELECT user_id FROM ${holder} WHERE conversation = ? AND user_id IN TEXTS(?) AND delivered < ?`;
      rest.push(...(yield* all<{ user_id: string }>(select, conversation, users, to)));
    }
    return rest.map(({ user_id }) => user_id);
  }

  *#loadAny(conversation: number, user: string): Op<CachedPositions | undefined> {
    return (
      (yield* this.#load(conversation, user)) ?? (yield* this.#load(conversation, user, 'former_member'))
    );
  }

  *#load(conversation: number, user: string, holder: Holder = 'member'): Op<CachedPositions | undefined> {
    const cached = this.#cache.get(keyOf(holder, conversation, user));
    if (cached) return cached;
    const row = yield* get<PositionRow>(this.#find[holder], conversation, user);
    return row && this.#remember(holder, conversation, user, row);
  }

  #remember(holder: Holder, conversation: number, user: string, row: PositionRow): CachedPositions {
    const loaded = {
      holder,
      conversation,
      user,
      delivered: { mark: row.delivered, above: parseRanges(row.delivered_above) },
      read: { mark: row.read, above: parseRanges(row.read_above) },
      revisions: { mark: row.revision, above: parseRanges(row.revision_above) },
      dirty: false,
    };
    this.#cache.set(keyOf(holder, conversation, user), loaded);
    return loaded;
  }
}

function coverIn(
  positions: CachedPositions,
  kind: 'delivered' | 'read',
  ranges: readonly SeqRange[],
): SeqRange[] {
  const { position, fresh } = cover(positions[kind], ranges);
  if (fresh.length === 0) return fresh;
  positions[kind] = position;
  if (kind === 'read') positions.delivered = cover(positions.delivered, ranges).position;
  positions.dirty = true;
  return fresh;
}

/** Ranges of messages that exist. */
export function upTo(lastSeq: number, ranges: readonly SeqRange[]): readonly SeqRange[] {
  return ranges.map(({ from, to }) => ({ from, to: Math.min(to, lastSeq) }));
}

interface AlikeEntries {
  readonly userIds: string[];
  readonly ranges: readonly SeqRange[];
  readonly revisions: readonly SeqRange[];
}

function keyOf(holder: Holder, conversation: number, user: string): string {
  return `${holder}/${conversation}/${user}`;
}

/** Gathers the entries that say the same of several users: who made them has used the same objects for it. */
export function alike(entries: readonly AcknowledgementEntry[]): AlikeEntries[] {
  const groups: AlikeEntries[] = [];
  const byRanges = new Map<readonly SeqRange[], AlikeEntries>();
  for (const { userId, ranges, revisions = NONE } of entries) {
    const known = byRanges.get(ranges);
    if (known?.revisions === revisions) {
      known.userIds.push(userId);
      continue;
    }
    const group = { userIds: [userId], ranges, revisions };
    groups.push(group);
    byRanges.set(ranges, group);
  }
  return groups;
}

const NONE: readonly SeqRange[] = [];
