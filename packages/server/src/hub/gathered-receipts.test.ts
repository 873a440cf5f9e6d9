import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toRanges } from '../core/ranges.ts';
import type { ConversationCoverage } from './coverage.ts';
import { GatheredReceipts } from './gathered-receipts.ts';

const coverage = (seqs: readonly number[], revisions: readonly number[]): ConversationCoverage => ({
  tenant: 't',
  conversationId: 'c',
  memberCount: 3,
  messages: [],
  ranges: toRanges(seqs),
  revisions: toRanges(revisions),
});

const seqs = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 6 });
const users = fc.oneof(
  fc.constant(['alice', 'bob', 'carol']),
  fc.uniqueArray(fc.constantFrom('alice', 'bob', 'carol'), { minLength: 1 }),
);

test('whoever gets what with whom, each user is reported what it got', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ userIds: users, got: seqs, knew: seqs })), (fanOuts) => {
      const gathered = new GatheredReceipts(false);
      const expected = new Map<string, { got: Set<number>; knew: Set<number> }>();
      for (const { userIds, got, knew } of fanOuts) {
        gathered.add(userIds, coverage(got, knew));
        for (const userId of userIds) {
          const user = expected.get(userId) ?? { got: new Set(), knew: new Set() };
          expected.set(userId, { got: user.got.union(new Set(got)), knew: user.knew.union(new Set(knew)) });
        }
      }
      const reported = gathered.take().flatMap((report) => report.users);
      assert.deepEqual(
        new Map(reported.map(({ userId, ranges, revisions }) => [userId, { ranges, revisions }])),
        new Map(
          Array.from(expected, ([userId, { got, knew }]) => [
            userId,
            { ranges: toRanges(got), revisions: toRanges(knew) },
          ]),
        ),
      );
      assert.equal(gathered.size, 0);
    }),
  );
});

test('users who got the same all along share one account of it, which later ones do not change', () => {
  const gathered = new GatheredReceipts(false);
  for (const seq of [1, 2, 4]) gathered.add(['alice', 'bob'], coverage([seq], []));
  const [first] = gathered.take();
  gathered.add(['alice', 'bob'], coverage([5], []));
  assert.equal(first?.users[0]?.ranges, first?.users[1]?.ranges);
  assert.deepEqual(first?.users[0]?.ranges, [
    { from: 1, to: 2 },
    { from: 4, to: 4 },
  ]);
});

test('there are as many accounts as histories, whoever is left out of what', () => {
  const crowd = Array.from({ length: 100 }, (_, i) => `u${i}`);
  const gathered = new GatheredReceipts(false);
  for (let seq = 1; seq <= 20; seq++) {
    const sender = `u${seq % 2}`;
    gathered.add([sender], coverage([seq], []));
    gathered.add(
      crowd.filter((userId) => userId !== sender),
      coverage([100 + seq], []),
    );
  }
  const [report] = gathered.take();
  assert.equal(new Set(report?.users.map(({ ranges }) => ranges)).size, 3);
});
