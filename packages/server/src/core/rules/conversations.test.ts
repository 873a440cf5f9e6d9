import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireConversation, requireOwnConversation } from './conversations.ts';

test('a conversation that is not there is refused by its id, and one of others without', () => {
  requireConversation({}, 'team');
  requireOwnConversation(true);
  const field = 'conversationId';
  assert.throws(() => requireConversation(undefined, 'team'), {
    code: 'ENOENT',
    field,
    message: 'no conversation team',
  });
  assert.throws(() => requireOwnConversation(false), {
    code: 'ENOENT',
    field,
    message: 'no such conversation',
  });
});
