import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alike } from './positions.ts';

test('entries that share what they say are one group, also behind the copy that goes into the thread', () => {
  const [ranges, revisions] = [[{ from: 1, to: 2 }], []];
  const other = [{ from: 1, to: 2 }];
  const entries = structuredClone([
    { userId: 'alice', ranges, revisions },
    { userId: 'bob', ranges: other, revisions },
    { userId: 'carol', ranges, revisions },
    { userId: 'dave', ranges, revisions: [] },
    { userId: 'erin', ranges: [] },
    { userId: 'frank', ranges: other, revisions },
  ]);
  assert.deepEqual(
    alike(entries).map(({ userIds }) => userIds),
    [['alice', 'carol'], ['bob', 'frank'], ['dave'], ['erin']],
  );
});
