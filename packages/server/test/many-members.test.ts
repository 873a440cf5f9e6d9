import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ImMessage } from '@haina/wire';
import { documentOf, EVENTS, INBOX, openIm } from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import type { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';
import { WebhookReceiver } from './support/webhook-receiver.ts';

const ADMIN = tokenOf('admin', { role: 'admin' });
/** More than what a deletion removes by itself. */
const MANY = 230;
const many = Array.from({ length: MANY }, (_, n) => `m${String(n).padStart(3, '0')}`);

let server: TestServer;
let receiver: WebhookReceiver;
const clients: StompClient[] = [];

before(async () => {
  server = await startTestServer();
  receiver = await WebhookReceiver.start();
  for (const id of [...many, 'busy']) await call('POST', '/api/v1/users', { id, username: id }, 201);
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
  await receiver.stop();
});

async function call(method: string, path: string, body?: object, expected = 200): Promise<unknown> {
  const answer = await server.call(method, path, ADMIN, body);
  assert.equal(answer.status, expected, JSON.stringify(answer.body));
  return answer.body;
}

async function open(userId: string): Promise<StompClient> {
  const client = await openIm(server.wsUrl, userId, [EVENTS, INBOX]);
  clients.push(client);
  return client;
}

function makeGroup(id: string, userIds: readonly string[]): Promise<unknown> {
  const members = userIds.map((userId, n) => ({ userId, role: n === 0 ? 'owner' : 'member' }));
  return call('POST', '/api/v1/groups', { id, name: id, members }, 201);
}

/** The next update of a group that is told as this type. */
async function update(client: StompClient, updateType: string): Promise<Record<string, unknown>> {
  for (;;) {
    const document = documentOf(await client.nextAt<ImMessage>(EVENTS));
    if (document.updateType === updateType) return document;
  }
}

/** @param target `conversationId` or `receiverId` */
async function say(client: StompClient, target: Record<string, string>, content: string): Promise<void> {
  const destination = 'receiverId' in target ? '/app/private-message' : '/app/chat';
  await client.confirmed(destination, { ...target, content });
}

test('a group of many ends for all of them, each is told, and other systems once', async () => {
  await call('POST', '/api/v1/webhooks', { url: receiver.url, events: ['business.group.*'] }, 201);
  const [first, last] = [await open('m000'), await open('m229')];
  await makeGroup('crowd', many);
  await first.confirmed('/app/group-dissolve', { groupId: 'crowd' });
  for (const [client, id] of [
    [first, 'm000'],
    [last, 'm229'],
  ] as const) {
    assert.equal((await update(client, 'group_dissolved')).groupId, 'crowd');
    assert.equal((await update(client, 'member_removed')).memberId, id, 'each is told of itself alone');
  }
  // The same id again: who is not in it hears nothing of it, and who is does.
  await makeGroup('crowd', ['m000', 'm228']);
  const another = await open('m228');
  assert.equal((await update(first, 'group_created')).groupId, 'crowd');
  await say(first, { conversationId: 'crowd' }, 'to the new one');
  assert.equal(documentOf(await another.nextAt<ImMessage>(INBOX)).content, 'to the new one');
  await say(first, { receiverId: 'm229' }, 'to you alone');
  assert.equal(documentOf(await last.nextAt<ImMessage>(INBOX)).content, 'to you alone');

  await receiver.next(({ event }) => event.updateType === 'group_dissolved');
  await receiver.next(({ event }) => event.updateType === 'group_created' && event.memberCount === 2);
  const left = receiver.rest.filter(({ event }) => event.eventType === 'business.group.member.left');
  assert.deepEqual(left, []);
});

test('a user of many groups leaves all of them at once, and who gets its id is in none', async () => {
  const groups = Array.from({ length: 150 }, (_, n) => `g${n}`);
  for (const id of groups) await makeGroup(id, ['m001', 'busy']);
  const witness = await open('m001');
  await call('DELETE', '/api/v1/users/busy', undefined, 204);
  for (const id of ['g0', 'g149']) {
    const { memberCount } = (await call('GET', `/api/v1/groups/${id}`)) as { memberCount: number };
    assert.equal(memberCount, 1);
  }
  const left = new Set<unknown>();
  while (left.size < groups.length) {
    const { memberId, groupId } = await update(witness, 'member_removed');
    assert.equal(memberId, 'busy');
    left.add(groupId);
  }
  await call('POST', '/api/v1/users', { id: 'busy', username: 'busy' }, 201);
  for (const id of ['g0', 'g149']) {
    const { members } = (await call('GET', `/api/v1/groups/${id}/members`)) as { members: unknown[] };
    assert.equal(members.length, 1);
  }
});

test('many are added to a group together: none where one can not be, and else each is told', async () => {
  await makeGroup('hall', ['m002']);
  const owner = await open('m002');
  const named = (...userIds: string[]) => ({ members: userIds.map((userId) => ({ userId })) });
  const path = '/api/v1/groups/hall/members';
  await call('POST', path, named(...many, 'nobody'), 404);
  const countOf = async () => (await call('GET', '/api/v1/groups/hall')) as { memberCount: number };
  assert.equal((await countOf()).memberCount, 1);
  await call('POST', path, named(...many, ...many), 204);
  assert.equal((await countOf()).memberCount, MANY);
  const added = new Set<unknown>();
  while (added.size < MANY - 1) added.add((await update(owner, 'member_added')).memberId);
  assert.ok(!added.has('m002'), 'who was in it already is not told as new');
});
