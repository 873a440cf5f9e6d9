import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Message } from '../../core/model.ts';
import type { PendingPage, PendingQuery } from '../../core/ports/store.ts';
import { type OpenLane, packLanes, unpackLanes } from './open-lanes.ts';
import { pendingInTime } from './pending-in-time.ts';

const LIMIT = 5;

/** Conversations' messages by their numbers, read as the operation does, and how many lanes a page was given. */
function databaseOf(conversations: readonly (readonly number[])[]) {
  const lanesGiven: number[] = [];
  const laneOf = (conversation: number, left: readonly number[]): OpenLane[] => {
    const [number] = left;
    return number === undefined ? [] : [{ conversation, number, from: number, to: Number.MAX_SAFE_INTEGER }];
  };
  async function read({ cursor, limit }: PendingQuery): Promise<PendingPage> {
    const empty = { messages: [], changedIds: [], revisions: [] };
    if (cursor === undefined) {
      return {
        ...empty,
        next: { lanes: packLanes(conversations.flatMap((numbers, key) => laneOf(key, numbers))) },
      };
    }
    assert.ok(!('conversationId' in cursor));
    const { before = Number.POSITIVE_INFINITY } = cursor;
    const lanes = unpackLanes(cursor.lanes);
    lanesGiven.push(lanes.length);
    const open = lanes.flatMap(({ conversation, from }) =>
      (conversations[conversation] ?? [])
        .filter((number) => number >= from)
        .map((number) => ({ conversation, number })),
    );
    const told = open
      .sort((a, b) => a.number - b.number)
      .filter(({ number }) => number < before)
      .slice(0, limit);
    const untold = open.filter((each) => !told.includes(each));
    const left = lanes.flatMap(({ conversation }) =>
      laneOf(
        conversation,
        untold.filter((each) => each.conversation === conversation).map(({ number }) => number),
      ),
    );
    const messages = told.map(({ number }) => ({ number }) as Message);
    return { ...empty, messages, ...(left.length > 0 ? { next: { lanes: packLanes(left) } } : {}) };
  }
  return { read, lanesGiven };
}

test('all conversations are told as one, the oldest message first, and a page looks at no more of them than it has messages', async () => {
  const conversation = fc.uniqueArray(fc.nat(10_000), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(conversation, { maxLength: 40 }), async (lists) => {
      // No two messages have one number.
      const conversations = lists.map((numbers, index) =>
        numbers.map((number) => number * 100 + index).sort((a, b) => a - b),
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
        conversations.flat().sort((a, b) => a - b),
      );
      assert.ok(lanesGiven.every((count) => count <= LIMIT));
    }),
  );
});
