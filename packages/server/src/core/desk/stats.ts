import type { Timestamp } from '../model.ts';
import type { DeskStore, ServiceTally, StatsQuery, TallyCursor } from '../ports/desk-store.ts';
import type { DeskStats, ServiceFigures } from './model.ts';

/** Sessions that one read of the store looks at. */
const AT_ONCE = 500;

/** What is added up of service sessions. */
export type Sums = Omit<ServiceTally, 'agentId' | 'hour'>;

/** The figures of a span of time, added up from as many looks at the store as it takes: each is short, whatever the span. */
export async function readStats(
  store: Pick<DeskStore, 'tallyServices' | 'countDesk'>,
  query: StatsQuery,
): Promise<DeskStats> {
  const total = emptySums();
  const agents = new Map<string, Sums>();
  const hours = new Map<Timestamp, Sums>();
  for (let from: { after?: TallyCursor } | undefined = {}; from; ) {
    const { tallies, next } = await store.tallyServices({ ...query, ...from, limit: AT_ONCE });
    for (const tally of tallies) {
      add(total, tally);
      add(sumsOf(hours, tally.hour), tally);
      if (tally.agentId !== null) add(sumsOf(agents, tally.agentId), tally);
    }
    from = next && { after: next };
  }
  return {
    ...(await store.countDesk(query.tenant)),
    total: figuresOf(total),
    byAgent: inOrder(agents).map(([agentId, sums]) => ({
      agentId,
      active: sums.active,
      ...figuresOf(sums),
    })),
    byHour: inOrder(hours).map(([hour, sums]) => ({ hour, ...figuresOf(sums) })),
  };
}

/** Of no service sessions. */
export function emptySums(): Sums {
  return {
    opened: 0,
    active: 0,
    closed: 0,
    abandoned: 0,
    answered: 0,
    answerTime: 0,
    length: 0,
    rated: 0,
    score: 0,
  };
}

function sumsOf<Key>(all: Map<Key, Sums>, key: Key): Sums {
  const sums = all.get(key) ?? emptySums();
  all.set(key, sums);
  return sums;
}

const NAMES = Object.keys(emptySums()) as (keyof Sums)[];

function add(sums: { -readonly [Name in keyof Sums]: number }, more: Sums): void {
  for (const name of NAMES) sums[name] += more[name];
}

function inOrder<Key extends string | number>(all: ReadonlyMap<Key, Sums>): [Key, Sums][] {
  return [...all].sort(([one], [other]) => (one < other ? -1 : 1));
}

function figuresOf({
  opened,
  closed,
  abandoned,
  answered,
  answerTime,
  length,
  rated,
  score,
}: Sums): ServiceFigures {
  return {
    opened,
    closed,
    abandoned,
    answered,
    firstAnswerTime: answered === 0 ? null : Math.round(answerTime / answered),
    length: closed === 0 ? null : Math.round(length / closed),
    rated,
    rating: rated === 0 ? null : score / rated,
  };
}
