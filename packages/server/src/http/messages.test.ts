import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { MessageTarget } from '../core/ports/message-store.ts';
import { type HttpFixture, principal, startHttp } from './http-fixture.ts';

const admin = principal('admin', 'admin');
const [alice, bob, carol] = [principal('alice'), principal('bob'), principal('carol')];
const toBob: MessageTarget = { kind: 'user', userId: 'bob' };
const toTeam: MessageTarget = { kind: 'conversation', conversationId: 'team' };

let http: HttpFixture;
before(async () => {
  http = await startHttp();
  for (const id of ['admin', 'alice', 'bob', 'carol'])
    await http.core.users.create(admin, { id, username: id });
  await http.core.groups.create(admin, {
    id: 'team',
    name: 'Team',
    members: [{ userId: 'alice', role: 'owner' }, { userId: 'bob' }],
  });
});
after(() => http.stop());

let nextId = 0;
/** Stores a message; one of long ago, so that its sender may not recall it any more, unless said otherwise. */
async function said(senderId: string, target: MessageTarget, createdAt = 5): Promise<string> {
  const id = `m${nextId++}`;
  const content = { type: 'text', text: 'a secret', extra: null } as const;
  const named = { tenant: 'default', id, clientId: `c-${id}`, senderId, target, content, source: 'test' };
  await http.store.appendMessage({ ...named, deviceId: '', createdAt });
  return id;
}

const recall = (id: string, as = admin, body?: unknown) =>
  http.call('POST', `/api/v1/messages/${id}/recall`, { as, ...(body === undefined ? {} : { body }) });
const remove = (id: string, as = admin, query = '') =>
  http.call('DELETE', `/api/v1/messages/${id}${query}`, { as });

async function newestAudit() {
  const { body } = await http.call('GET', '/api/v1/admin/audit?limit=1', { as: admin });
  const { id: _, changedAt: __, ...entry } = body.entries[0] ?? {};
  return entry;
}

test('a manager recalls any message at any time, which is audited without what it said', async () => {
  const id = await said('alice', toBob);
  const { status, body } = await recall(id, admin, { reason: 'rude' });
  assert.deepEqual([status, body.state, body.content.text, body.changeReason], [200, 'recalled', '', 'rude']);
  assert.deepEqual(await newestAudit(), {
    messageId: id,
    conversationId: 'single:alice:bob',
    senderId: 'alice',
    state: 'recalled',
    changedBy: 'admin',
    reason: 'rude',
  });
  const again = await recall(id);
  assert.deepEqual([again.status, again.body.code], [409, 'ECONFLICT']);
});

test('a manager deletes any message, also one that was recalled, and it is shown to nobody', async () => {
  const id = await said('alice', toBob);
  await recall(id);
  assert.equal((await remove(id, admin, '?reason=law')).status, 204);
  const { state, reason, messageId } = await newestAudit();
  assert.deepEqual([state, reason, messageId], ['deleted', 'law', id]);
  const { body } = await http.call('GET', '/api/v1/conversations/single:alice:bob/messages?limit=1', {
    as: bob,
  });
  assert.deepEqual(
    [body.messages[0].id, body.messages[0].state, body.messages[0].content.text],
    [id, 'deleted', ''],
  );
  assert.equal((await remove(id)).status, 409);
});

test('others recall with their own rights, which is nothing for the audit, and delete nothing', async () => {
  const before = await newestAudit();
  const inTeam = await said('bob', toTeam);
  const fresh = await said('bob', toBob, Date.now());
  const old = await said('bob', toTeam);
  assert.equal((await recall(inTeam, alice)).status, 200, 'the owner of the group');
  assert.equal((await recall(fresh, bob)).status, 200, 'the sender, in time');
  assert.deepEqual((await recall(old, bob)).body.code, 'EPERM', 'the sender, too late');
  assert.deepEqual((await recall(old, carol)).body.code, 'ENOENT', 'a stranger');
  for (const as of [alice, bob, carol]) assert.deepEqual((await remove(old, as)).body.code, 'EPERM');
  assert.equal((await recall(old, principal('admin', 'admin', 'elsewhere'))).status, 404);
  assert.deepEqual(await newestAudit(), before);
});

test('a reason that is too long is refused', async () => {
  const id = await said('alice', toBob);
  const reason = 'x'.repeat(201);
  for (const answer of [await recall(id, admin, { reason }), await remove(id, admin, `?reason=${reason}`)]) {
    assert.deepEqual([answer.status, answer.body.code, answer.body.field], [413, 'ETOOLONG', 'reason']);
  }
});
