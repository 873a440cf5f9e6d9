import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { encodeImBody, type ImError, type ImMessage } from '@haina/wire';
import { documentOf, ERRORS, EVENTS, openIm, PROTOBUF } from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import type { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const ADMIN = tokenOf('admin', { role: 'admin' });

let server: TestServer;
let groups = 0;
const clients: StompClient[] = [];

before(async () => {
  server = await startTestServer();
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

interface Crew {
  readonly groupId: string;
  readonly olga: StompClient;
  readonly adam: StompClient;
  readonly mike: StompClient;
}

/** Olga owns a group that Adam is admin and Mike member of; users of its own for each test. */
async function crew(): Promise<Crew & { id(name: string): string }> {
  const groupId = `crew${++groups}`;
  const id = (name: string) => `${name}-${groupId}`;
  const names = ['olga', 'adam', 'mike', 'carol'] as const;
  const [olga, adam, mike, carol] = await Promise.all(
    names.map((name) => openIm(server.wsUrl, id(name), [EVENTS, ERRORS])),
  );
  assert.ok(olga && adam && mike && carol);
  clients.push(olga, adam, mike, carol);
  const roles = { olga: 'owner', adam: 'admin', mike: 'member' };
  const members = Object.entries(roles).map(([name, role]) => ({ userId: id(name), role }));
  const { status } = await server.call('POST', '/api/v1/groups', ADMIN, {
    id: groupId,
    name: 'Crew',
    members,
  });
  assert.equal(status, 201);
  return { groupId, olga, adam, mike, id };
}

/** The next update of a group that is told as this type. */
async function update(client: StompClient, updateType: string): Promise<Record<string, unknown>> {
  for (;;) {
    const document = documentOf(await client.nextAt<ImMessage>(EVENTS));
    if (document.updateType === updateType) return document;
  }
}

async function isRefused(client: StompClient, command: string, body: object, code: string): Promise<void> {
  client.sendJson(`/app/group-${command}`, body, { receipt: 'never' });
  const error = await client.nextAt<ImError>(ERRORS);
  assert.deepEqual([error.code, error.destination, error.messageId], [code, `/app/group-${command}`, null]);
}

async function rolesOf(groupId: string): Promise<Record<string, string>> {
  const { body } = await server.call('GET', `/api/v1/groups/${groupId}/members`, ADMIN);
  const { members } = body as { members: { userId: string; role: string }[] };
  return Object.fromEntries(members.map(({ userId, role }) => [userId.split('-')[0], role]));
}

test('an owner adds, promotes, renames, removes, hands over and dissolves, and everybody is told', async () => {
  const { groupId, olga, adam, mike, id } = await crew();
  await olga.confirmed('/app/group-add-members', { groupId, userIds: [id('carol')] });
  assert.equal((await update(mike, 'member_added')).memberId, id('olga'), 'as the group was made');
  for (const client of [olga, adam, mike]) {
    let added = await update(client, 'member_added');
    while (added.memberId !== id('carol')) added = await update(client, 'member_added');
    assert.equal(added.updatedBy, id('olga'));
  }
  await olga.confirmed('/app/group-set-role', { groupId, userId: id('mike'), role: 'admin' });
  const { memberId, memberRole } = await update(adam, 'member_role_changed');
  assert.deepEqual([memberId, memberRole], [id('mike'), 'admin']);
  const avatar = 'https://example.com/a.png';
  await olga.confirmed('/app/group-update', { groupId, name: '新群名', avatar });
  const { groupName, avatar: shown } = await update(mike, 'group_updated');
  assert.deepEqual([groupName, shown], ['新群名', avatar]);
  await olga.confirmed('/app/group-remove-member', { groupId, userId: id('adam') });
  for (const client of [adam, mike])
    assert.equal((await update(client, 'member_removed')).memberId, id('adam'));
  await olga.confirmed('/app/group-hand-over', { groupId, userId: id('mike') });
  assert.deepEqual(await rolesOf(groupId), { carol: 'member', mike: 'owner', olga: 'admin' });
  await isRefused(olga, 'dissolve', { groupId }, 'EPERM');
  const topic = `/topic/conversation/${groupId}`;
  await olga.subscribe(topic);
  await mike.confirmed('/app/group-dissolve', { groupId });
  assert.equal(documentOf(await olga.nextAt<ImMessage>(topic)).updateType, 'group_dissolved');
  const dissolved = await update(olga, 'group_dissolved');
  assert.deepEqual([dissolved.groupId, dissolved.updatedBy], [groupId, id('mike')]);
  assert.equal((await update(olga, 'member_removed')).memberId, id('olga'), 'each is told of itself alone');
  await isRefused(olga, 'update', { groupId, name: 'x' }, 'ENOENT');
});

test('an admin and a member do what is theirs, and an owner who leaves names who follows', async () => {
  const { groupId, olga, adam, mike, id } = await crew();
  await isRefused(mike, 'update', { groupId, name: 'x' }, 'EPERM');
  await isRefused(mike, 'add-members', { groupId, userIds: [id('carol')] }, 'EPERM');
  await isRefused(adam, 'set-role', { groupId, userId: id('mike'), role: 'admin' }, 'EPERM');
  await isRefused(adam, 'remove-member', { groupId, userId: id('olga') }, 'EPERM');
  await isRefused(olga, 'set-role', { groupId, userId: id('olga'), role: 'member' }, 'ECONFLICT');
  await isRefused(olga, 'set-role', { groupId, userId: id('mike'), role: 'king' }, 'EINVAL');
  await isRefused(olga, 'add-members', { groupId, userIds: [] }, 'EINVAL');
  await isRefused(olga, 'leave', { groupId, successorId: 'nobody' }, 'ENOENT');
  await olga.confirmed('/app/group-leave', { groupId, successorId: id('mike') });
  const { memberId, memberRole } = await update(adam, 'member_role_changed');
  assert.deepEqual([memberId, memberRole], [id('mike'), 'owner']);
  await adam.confirmed('/app/group-leave', { groupId });
  assert.deepEqual(await rolesOf(groupId), { mike: 'owner' });
});

test('one who may only read changes no group, and may leave it', async () => {
  const { groupId, olga, id } = await crew();
  const permission = { permissionType: 'chat_permission', newPermission: 'read_only', reason: 'noise' };
  const path = `/api/v1/admin/users/${id('olga')}/permissions`;
  assert.equal((await server.call('PUT', path, ADMIN, permission)).status, 200);
  await isRefused(olga, 'update', { groupId, name: 'x' }, 'EPERM');
  await isRefused(olga, 'dissolve', { groupId }, 'EPERM');
  await olga.confirmed('/app/group-leave', { groupId });
  assert.deepEqual(await rolesOf(groupId), { adam: 'owner', mike: 'member' });
});

test('a command on a group may come in protobuf', async () => {
  const { groupId, olga, mike } = await crew();
  const body = Buffer.from(encodeImBody('/app/group-update', { groupId, name: 'By protobuf' }));
  const head = `SEND\ndestination:/app/group-update\ncontent-type:${PROTOBUF}\ncontent-length:${body.length}\nreceipt:r\n\n`;
  olga.raw(Buffer.concat([Buffer.from(head), body, Buffer.of(0)]));
  await olga.nextReceipt('r');
  assert.equal((await update(mike, 'group_updated')).groupName, 'By protobuf');
});
