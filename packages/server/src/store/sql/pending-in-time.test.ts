import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Message } from '../../core/model.ts';
import type { OpenLane, PendingPage, PendingQuery } from '../../core/ports/store.ts';
import { pendingInTime } from './pending-in-time.ts';

const LIMIT = 5;

/** Conversations by their messages' numbers, read as the operation does, and how many lanes a page was given. */
function databaseOf(conversations: ReadonlyMap<string, readonly number[]>) {
  const lanesGiven: number[] = [];
  const laneOf = (conversationId: string, left: readonly number[]): OpenLane[] => {
    const [number] = left;
    return number === undefined ? [] : [{ conversationId, number, ranges: [{ from: number, to: Infinity }] }];
  };
  async function read({ cursor, limit }: PendingQuery): Promise<PendingPage> {
    const empty = { messages: [], changedIds: [], revisions: [] };
    if (cursor === undefined) {
      const lanes = [...conversations].flatMap(([id, numbers]) => laneOf(id, numbers));
      return { ...empty, next: { lanes: lanes.sort((a, b) => a.number - b.number) } };
    }
    assert.ok(!('conversationId' in cursor));
    const { lanes, before = Number.POSITIVE_INFINITY } = cursor;
    lanesGiven.push(lanes.length);
    const open = lanes.flatMap(({ conversationId, ranges: [range] }) =>
      (conversations.get(conversationId) ?? [])
        .filter((number) => number >= (range?.from ?? 0))
        .map((number) => ({ conversationId, number })),
    );
    const told = open
      .sort((a, b) => a.number - b.number)
      .filter(({ number }) => number < before)
      .slice(0, limit);
    const left = lanes.flatMap(({ conversationId }) =>
      laneOf(
        conversationId,
        open.flatMap((each) =>
          each.conversationId === conversationId && !told.includes(each) ? each.number : [],
        ),
      ),
    );
    const messages = told.map(({ number }) => ({ number }) as Message);
    return {
      ...empty,
      messages,
      ...(left.length > 0 ? { next: { lanes: left.sort((a, b) => a.number - b.number) } } : {}),
    };
  }
  return { read, lanesGiven };
}

test('all conversations are told as one, the oldest message first, and a page looks at no more of them than it has messages', async () => {
  const conversation = fc.uniqueArray(fc.nat(10_000), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(conversation, { maxLength: 40 }), async (lists) => {
      const conversations = new Map(
        lists.map((numbers, index) => [
          `c${index}`,
          // No two messages have one number.
          numbers.map((number) => number * 100 + index).sort((a, b) => a - b),
        ]),
      );
      const { read, lanesGiven } = databaseOf(conversations);
      const told: number[] = [];
      const query: PendingQuery = { tenant: 't', userId: 'u', order: 'time', limit: LIMIT };
      for (let page = await pendingInTime(read, query); ; ) {
        told.push(...page.messages.map(({ number }) => number));
        if (!page.next) break;
        page = await pendingInTime(read, { ...query, cursor: page.next });
      }
      assert.deepEqual(
        told,
        [...conversations.values()].flat().sort((a, b) => a - b),
      );
      assert.ok(lanesGiven.every((count) => count <= LIMIT));
    }),
  );
});
