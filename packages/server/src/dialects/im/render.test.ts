import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UserChanged } from '../../core/events.ts';
import { type EventRenderer, RENDERERS } from './render.ts';

const CHANGED: UserChanged = {
  type: 'user.changed',
  user: {
    tenant: 't',
    id: 'alice',
    uid: 1,
    username: 'alice',
    nickname: 'Alice',
    avatar: '',
    role: 'user',
    isDisabled: false,
    tokensAfter: null,
    createdAt: 1,
  },
  actorId: 'alice',
};

function idsAt(place: string, event: UserChanged, now: number): (string | undefined)[] {
  const told = (RENDERERS[place] as EventRenderer)(event, now);
  return [told?.messageId, told?.event?.eventId];
}

test('a changed profile has one id at each place where it is told, whenever that is, and the next change another', () => {
  const [id, eventId] = idsAt('presence', CHANGED, 1000);
  assert.equal(id, eventId);
  assert.deepEqual(idsAt('events', CHANGED, 1001), [id, id]);
  assert.notEqual(idsAt('presence', { ...CHANGED }, 1000)[0], id);
});
