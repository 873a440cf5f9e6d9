import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../core/model.ts';
import { Payload } from '../transport/payload.ts';
import type { FanOutItem } from './fan-out.ts';
import { groupMessage } from './message-fixture.ts';
import { Unconfirmed } from './unconfirmed.ts';

function created(seq: number, changes: Partial<Message> = {}): FanOutItem {
  const message = groupMessage(seq, changes);
  const event = { type: 'message.created' as const, message, memberCount: 2 };
  return { event, payload: Payload.text('') };
}

function edited(seq: number, revision: number): FanOutItem {
  const message = groupMessage(seq, { revision, state: 'edited' });
  const event = { type: 'message.changed' as const, change: 'edited' as const, message };
  return { event: { ...event, actorId: 'alice' }, payload: Payload.text('') };
}

test('a confirmation takes the oldest message of its id, and each once', () => {
  const unconfirmed = new Unconfirmed();
  unconfirmed.add([created(1, { clientId: 'same' }), created(2, { clientId: 'same', senderId: 'carol' })]);
  assert.equal(unconfirmed.take('other'), undefined);
  assert.equal(unconfirmed.take('same')?.message.seq, 1);
  assert.equal(unconfirmed.take('same')?.message.senderId, 'carol');
  assert.equal(unconfirmed.take('same'), undefined);
});

test('a change is known once it is confirmed itself', () => {
  const unconfirmed = new Unconfirmed();
  unconfirmed.add([created(1), edited(1, 3)]);
  assert.deepEqual(unconfirmed.take('id1')?.revisions, []);
  assert.deepEqual(unconfirmed.take('id1')?.revisions, [{ from: 3, to: 3 }]);
});

test('a change is known whatever else is not confirmed, also of a message that was new to the client', () => {
  const unconfirmed = new Unconfirmed();
  unconfirmed.add([created(1), edited(2, 4), created(3, { revision: 2, state: 'edited' })]);
  assert.deepEqual(unconfirmed.take('id2')?.revisions, [{ from: 4, to: 4 }]);
  assert.deepEqual(unconfirmed.take('id3')?.revisions, [{ from: 2, to: 2 }]);
});

test('of a client that never confirms the oldest are forgotten, and no revision is taken for known any more', () => {
  const unconfirmed = new Unconfirmed();
  unconfirmed.add(Array.from({ length: 5001 }, (_, index) => created(index + 1)));
  assert.equal(unconfirmed.take('id1'), undefined);
  assert.equal(unconfirmed.take('id2')?.message.seq, 2);
  unconfirmed.add([edited(2, 1)]);
  assert.deepEqual(unconfirmed.take('id2')?.revisions, []);
});

test('what is kept of a message has its ids, sequence and revision, and not what it says', () => {
  const unconfirmed = new Unconfirmed();
  unconfirmed.add([created(1, { content: { type: 'custom', text: '', extra: 'x'.repeat(31_000) } })]);
  const kept = unconfirmed.take('id1')?.message;
  assert.deepEqual([kept?.id, kept?.clientId, kept?.seq, kept?.revision], ['id1', 'id1', 1, 0]);
  assert.ok(JSON.stringify(kept).length < 500);
});
