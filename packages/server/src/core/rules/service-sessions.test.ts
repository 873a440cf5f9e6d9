import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decideClose,
  isNewNote,
  requireRatable,
  requireService,
  requireTransferable,
} from './service-sessions.ts';

const SIDES = { customerId: 'cid', agentId: 'ada' };
const NOT_YOURS = { code: 'EPERM', field: 'sessionId', message: 'the service session is not yours' };

function conflict(message: string, limit?: number) {
  return { code: 'ECONFLICT', field: 'sessionId', limit, message: `the service session ${message}` };
}

function by(actorId: string, isManager = false) {
  return { actorId, isManager };
}

test('a service session is required by its id', () => {
  requireService({}, 's');
  assert.throws(() => requireService(undefined, 's'), {
    code: 'ENOENT',
    field: 'sessionId',
    message: 'no service session s',
  });
});

test('its customer, its agent or a manager closes a session, and nobody else', () => {
  assert.equal(decideClose(SIDES, by('cid')), 'customer');
  assert.equal(decideClose(SIDES, by('cid', true)), 'customer');
  assert.equal(decideClose(SIDES, by('ada')), 'agent');
  assert.equal(decideClose(SIDES, by('boss', true)), 'manager');
  assert.throws(() => decideClose(SIDES, by('eve')), NOT_YOURS);
  assert.throws(() => decideClose({ ...SIDES, agentId: null }, by('ada')), NOT_YOURS);
});

test('only the customer rates, after the close, once, and within the time for it', () => {
  const closed = { ...SIDES, state: 'closed', rating: null, closedAt: 1000 } as const;
  const act = { actorId: 'cid', at: 61_000 };
  requireRatable(closed, act, 60_000);
  requireRatable(closed, { ...act, at: 1e12 }, 0);
  assert.throws(() => requireRatable(closed, { ...act, actorId: 'ada' }, 0), NOT_YOURS);
  assert.throws(() => requireRatable({ ...closed, state: 'active' }, act, 0), conflict('is not closed yet'));
  const rating = { score: 5, comment: '', at: 2000 };
  assert.throws(() => requireRatable({ ...closed, rating }, act, 0), conflict('is rated already'));
  assert.throws(() => requireRatable(closed, { ...act, at: 61_001 }, 60_000), {
    ...conflict('', 60_000),
    message: 'a service session may be rated for 60 s after its end',
  });
});

test('a note whose client id is known is a repeat or refused, also in a closed session', () => {
  const note = { content: 'calm' };
  const known = { isOfSession: true, content: 'calm' };
  const used = { code: 'ECONFLICT', field: 'clientId', message: 'this id was used for another note' };
  assert.equal(isNewNote(note, { state: 'active', known: undefined }), true);
  for (const state of ['active', 'closed'] as const) {
    assert.equal(isNewNote(note, { state, known }), false);
    assert.throws(() => isNewNote(note, { state, known: { ...known, content: 'angry' } }), used);
    assert.throws(() => isNewNote(note, { state, known: { ...known, isOfSession: false } }), used);
  }
});

test('a closed session takes no new notes', () => {
  const facts = { state: 'closed', known: undefined } as const;
  assert.throws(() => isNewNote({ content: 'late' }, facts), conflict('is closed'));
});

test('its agent or a manager gives an active session on', () => {
  const active = { ...SIDES, state: 'active' } as const;
  requireTransferable(active, by('ada'));
  requireTransferable(active, by('boss', true));
  assert.throws(() => requireTransferable(active, by('cid')), NOT_YOURS);
  const queued = { agentId: null, state: 'queued' } as const;
  assert.throws(() => requireTransferable(queued, by('boss', true)), conflict('is queued'));
  assert.throws(() => requireTransferable({ ...active, state: 'closed' }, by('ada')), conflict('is closed'));
});
