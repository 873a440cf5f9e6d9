import assert from 'node:assert/strict';
import type { Store } from '../../../core/ports/store.ts';
import { storeFixture } from '../fixture.ts';
import type { TwoStores } from '../two-stores.ts';

/** How often each race is run: who is first differs each time. */
export const RACES = 15;

/** Two stores on one database, and what the races of their contract do with them again and again. */
export type RaceFixture = ReturnType<typeof raceFixture>;

/** @param adapter named in what must be unique among adapters */
export function raceFixture(adapter: string, { one, other, retries }: Omit<TwoStores, 'dispose'>) {
  const both = [one, other] as const;
  const { tenantWith, makeGroup, acknowledge } = storeFixture(one);

  /** The store whose turn it is, so that neighbours race. */
  const turn = (n: number): Store => both[n % 2] as Store;

  /** What came of calls, and the codes of those that were refused. */
  async function outcomes<T>(calls: readonly Promise<T>[]): Promise<{ done: T[]; refused: string[] }> {
    const settled = await Promise.allSettled(calls);
    const done = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const refused = settled.flatMap((each) => (each.status === 'rejected' ? [String(each.reason.code)] : []));
    return { done, refused };
  }

  /** The sequences of a conversation. */
  async function history(tenant: string, conversationId: string): Promise<number[]> {
    const query = { tenant, conversationId, viewerId: 'x', seesAll: true, after: 0, limit: 1000 };
    return (await one.listMessages(query)).map(({ seq }) => seq);
  }

  /** Asserts that no two of these calls wait for each other: the database would end that, but a second later. */
  async function withoutDeadlock<T>(calls: () => Promise<T>): Promise<T> {
    const before = retries.length;
    const result = await calls();
    assert.deepEqual(
      retries.slice(before).filter((reason) => reason.includes('deadlock')),
      [],
    );
    return result;
  }

  return {
    ...{ adapter, one, other, both, turn, tenantWith, makeGroup, acknowledge },
    ...{ outcomes, history, withoutDeadlock },
  };
}

/** 1 and so on. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** Whether a call was fulfilled. */
export function isDone(settled: PromiseSettledResult<unknown>): boolean {
  return settled.status === 'fulfilled';
}
