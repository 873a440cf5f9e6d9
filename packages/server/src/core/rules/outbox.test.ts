import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireDeadLetter, requireWebhook, requireWebhookRoom } from './outbox.ts';

test('a tenant has webhooks up to its limit', () => {
  requireWebhookRoom(1, 2);
  const refused = { code: 'ECONFLICT', limit: 2, field: undefined, message: 'there may be 2 webhooks' };
  assert.throws(() => requireWebhookRoom(2, 2), refused);
  assert.throws(() => requireWebhookRoom(3, 2), refused);
});

test('webhooks and dead letters are required by their ids', () => {
  requireWebhook(true, 'w');
  requireDeadLetter({}, '7');
  const refused = (message: string) => ({ code: 'ENOENT', field: 'id', message });
  assert.throws(() => requireWebhook(false, 'w'), refused('no webhook w'));
  assert.throws(() => requireDeadLetter(undefined, '7'), refused('no dead letter 7'));
});
