import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { MessageTarget } from '../core/ports/message-store.ts';
import { type HttpFixture, principal, startHttp } from './http-fixture.ts';

const admin = principal('admin', 'admin');
const alice = principal('alice');

let http: HttpFixture;
before(async () => {
  http = await startHttp();
  for (const id of ['admin', 'alice', 'bob', 'carol', '小明'])
    await http.core.users.create(admin, { id, username: id });
  await http.core.groups.create(admin, {
    id: 'team',
    name: 'Team',
    members: [{ userId: 'alice' }, { userId: 'bob' }],
  });
  await store('alice', { kind: 'user', userId: '小明' }, '你好');
  for (let i = 1; i <= 5; i++) await store('alice', { kind: 'user', userId: 'bob' }, `hello ${i}`);
  await store('bob', { kind: 'conversation', conversationId: 'team' }, 'hi all');
});
after(() => http.stop());

let nextId = 0;
function store(senderId: string, target: MessageTarget, text: string) {
  const id = `m${nextId++}`;
  const content = { type: 'text', text, extra: null } as const;
  return http.store.appendMessage({
    tenant: 'default',
    id,
    clientId: `c-${id}`,
    senderId,
    target,
    content,
    source: 'test',
    deviceId: '',
    createdAt: 5,
  });
}

function history(id: string, query = '', as = alice) {
  return http.call('GET', `/api/v1/conversations/${id}/messages${query}`, { as });
}

const texts = (messages: readonly { content: { text: string } }[]) =>
  messages.map(({ content }) => content.text);

test('the newest messages come first as a page, in order of sequence, then those before', async () => {
  const newest = await history('single:alice:bob', '?limit=2');
  assert.deepEqual(
    [newest.status, texts(newest.body.messages), newest.body.hasMore],
    [200, ['hello 4', 'hello 5'], true],
  );
  const middle = await history('single:alice:bob', '?limit=2&before=4');
  assert.deepEqual([texts(middle.body.messages), middle.body.hasMore], [['hello 2', 'hello 3'], true]);
  const oldest = await history('single:alice:bob', '?limit=2&before=2');
  assert.deepEqual([texts(oldest.body.messages), oldest.body.hasMore], [['hello 1'], false]);
  assert.equal((await history('single:alice:bob')).body.messages.length, 5);
});

test('a message has every field that the domain gives it', async () => {
  const [message] = (await history('team')).body.messages;
  const { id, ...rest } = message;
  const bob = await http.core.users.get(principal('bob'), 'bob');
  const shown = { name: bob.nickname, number: String(bob.uid), nickname: bob.nickname, avatar: '' };
  assert.deepEqual(rest, {
    appId: 'default',
    clientId: `c-${id}`,
    conversationId: 'team',
    kind: 'group',
    seq: 1,
    senderId: 'bob',
    sender: shown,
    targetId: 'team',
    content: { type: 'text', text: 'hi all', extra: null },
    state: 'normal',
    revision: 0,
    reference: null,
    source: 'test',
    deviceId: '',
    changeReason: '',
    createdAt: 5,
    changedAt: 5,
  });
});

test('ids may be URL-encoded, and hold letters of any script', async () => {
  assert.equal((await history('single%3Aalice%3Abob', '?limit=1')).status, 200);
  assert.deepEqual(texts((await history(encodeURIComponent('single:alice:小明'))).body.messages), ['你好']);
  assert.equal((await history(`single:${'%E5%B0%8F'.repeat(64)}:${'%E6%98%8E'.repeat(64)}`)).status, 404);
});

test('only members, and managers, may read', async () => {
  for (const id of ['single:alice:bob', 'team']) {
    const { status, body } = await history(id, '', principal('carol'));
    assert.deepEqual([status, body.code], [404, 'ENOENT']);
    assert.equal((await history(id, '', admin)).status, 200);
    assert.equal((await history(id, '', principal('alice', 'admin', 'elsewhere'))).status, 404);
  }
});

for (const query of ['?limit=0', '?limit=201', '?before=0', '?before=x', '?before=1.5', '?after=1']) {
  test(`a history with ${query} is refused`, async () => {
    const { status, body } = await history('team', query);
    assert.deepEqual([status, body.code, body.field], [400, 'EINVAL', query.slice(1).split('=')[0]]);
  });
}
