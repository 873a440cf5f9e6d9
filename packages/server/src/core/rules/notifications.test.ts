import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideRead, type ReadFacts } from './notifications.ts';

const MINE: ReadFacts = { isPublished: true, isAddressed: true, isUser: true, readAt: null };

test('a notification is read for the first time once', () => {
  assert.equal(decideRead('n', MINE), true);
  assert.equal(decideRead('n', { ...MINE, readAt: 0 }), false);
});

test('what is not due, not addressed to the user, or asked for by no user is not there', () => {
  for (const missing of ['isPublished', 'isAddressed', 'isUser'] as const) {
    assert.throws(() => decideRead('n', { ...MINE, [missing]: false }), {
      code: 'ENOENT',
      field: 'id',
      message: 'no notification n',
    });
  }
});
