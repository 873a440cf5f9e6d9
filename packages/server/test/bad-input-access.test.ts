import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { XuqmError } from '@haina/wire';
import { stageWithHealthyPair } from './support/healthy-pair.ts';
import { assertEnds, assertRefused, ERRORS } from './support/refusals.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const SEND = '/app/chat.send';
const INBOX = '/user/queue/messages';
const ADMIN = tokenOf('admin', { role: 'admin' });

const stage = stageWithHealthyPair();
let groups = 0;

async function makeGroup(...members: string[]): Promise<string> {
  const id = `group-${++groups}`;
  const body = { id, name: id, members: members.map((userId) => ({ userId })) };
  assert.equal((await stage.server.call('POST', '/api/v1/groups', ADMIN, body)).status, 201);
  return id;
}

const text = (toId: string, chatType = 'SINGLE') => ({
  messageId: 'm',
  toId,
  chatType,
  msgType: 'TEXT',
  content: 'x',
});

describe('a subscription is refused', () => {
  const notYours = "another user's queue";
  const noMember = 'you are not a member of this group';
  const refused: readonly [destination: string, code: string, message: string][] = [
    ['/user/bob/queue/messages', 'EPERM', notYours],
    ['/user/bob/queue/errors', 'EPERM', notYours],
    ['/user/bob/queue/receipts', 'EPERM', notYours],
    ['/user/nobody/queue/messages', 'EPERM', notYours],
    ['/user/ALICE/queue/messages', 'EPERM', notYours],
    ['/user/__proto__/queue/messages', 'EPERM', notYours],
    ['/topic/group/nothing', 'EPERM', noMember],
    ['/topic/group/', 'EPERM', noMember],
    ['/topic/group/single:bob:carol', 'EPERM', noMember],
    ['/topic/group/demo/', 'EPERM', noMember],
    ['/user/queue/everything', 'ENOENT', 'no destination /user/queue/everything'],
    ['/user/alice/bob/queue/messages', 'ENOENT', 'no destination /user/alice/bob/queue/messages'],
    ['/user/bob', 'ENOENT', 'no destination /user/bob'],
    ['/queue/messages', 'ENOENT', 'no destination /queue/messages'],
    ['/queue/messages-user1', 'ENOENT', 'no destination /queue/messages-user1'],
    ['/topic/**', 'ENOENT', 'no destination /topic/**'],
    ['/app/chat.send', 'ENOENT', 'no destination /app/chat.send'],
    ['constructor', 'ENOENT', 'no destination constructor'],
  ];
  for (const [destination, code, message] of refused) {
    test(`to ${destination}`, async () => {
      const alice = await stage.connect('alice', ERRORS);
      alice.send('SUBSCRIBE', { id: 'taken again', destination, receipt: 'never' });
      await assertRefused(alice, { code, message, destination, messageId: null });
      alice.send('SUBSCRIBE', { id: 'taken again', destination: INBOX, receipt: 'free' });
      assert.equal((await alice.next('RECEIPT')).headers.get('receipt-id'), 'free');
      await alice.close();
    });
  }

  test('to a group of others, and their messages do not come', async () => {
    const group = await makeGroup('bob', 'carol');
    const alice = await stage.connect('alice', ERRORS, INBOX);
    const destination = `/topic/group/${group}`;
    alice.send('SUBSCRIBE', { id: 'g', destination, receipt: 'never' });
    await assertRefused(alice, { code: 'EPERM', message: noMember, destination, messageId: null });
    const bob = await stage.connect('bob');
    await bob.confirmed(SEND, text(group, 'GROUP'));
    await bob.confirmed(SEND, { ...text('carol'), messageId: 'for carol only' });
    assert.deepEqual(await alice.settled(), []);
  });

  test('to a group one was removed from', async () => {
    const group = await makeGroup('alice', 'bob');
    const alice = await stage.connect('alice', ERRORS, INBOX);
    await stage.server.call('DELETE', `/api/v1/groups/${group}/members/alice`, ADMIN);
    const destination = `/topic/group/${group}`;
    alice.send('SUBSCRIBE', { id: 'g', destination, receipt: 'never' });
    await assertRefused(alice, { code: 'EPERM', message: noMember, destination, messageId: null });
  });

  test("to another tenant's group of the same name", async () => {
    const stranger = await StompClient.connect(stage.server.wsUrl, tokenOf('alice', { app: 'other' }));
    await stranger.subscribe(ERRORS);
    stranger.send('SUBSCRIBE', { id: 'g', destination: '/topic/group/demo', receipt: 'never' });
    await assertRefused(stranger, {
      code: 'EPERM',
      message: noMember,
      destination: '/topic/group/demo',
      messageId: null,
    });
    await stranger.close();
  });
});

describe('a SEND is refused', () => {
  const toApp = 'clients send to /app only';
  const refused: readonly [destination: string, code: string, message: string][] = [
    ['/topic/group/demo', 'EPERM', toApp],
    ['/topic/system/notifications', 'EPERM', toApp],
    ['/user/queue/messages', 'EPERM', toApp],
    ['/user/bob/queue/messages', 'EPERM', toApp],
    ['/queue/messages', 'EPERM', toApp],
    ['/app/chat.delete', 'ENOENT', 'no destination /app/chat.delete'],
    ['/app/chat.send/', 'ENOENT', 'no destination /app/chat.send/'],
    ['/app/CHAT.SEND', 'ENOENT', 'no destination /app/CHAT.SEND'],
    ['/app/__proto__', 'ENOENT', 'no destination /app/__proto__'],
    ['/app', 'ENOENT', 'no destination /app'],
    ['chat.send', 'ENOENT', 'no destination chat.send'],
    ['/%61pp/chat.send', 'ENOENT', 'no destination /%61pp/chat.send'],
  ];
  for (const [destination, code, message] of refused) {
    test(`to ${destination}`, async () => {
      const [alice, bob] = [await stage.connect('alice', ERRORS), await stage.connect('bob', INBOX)];
      alice.sendJson(destination, text('bob'), { receipt: 'never' });
      await assertRefused(alice, { code, message, destination, messageId: 'm' });
      assert.deepEqual(await bob.settled(), []);
      await Promise.all([alice.close(), bob.close()]);
    });
  }

  test('to a group of others', async () => {
    const group = await makeGroup('bob', 'carol');
    const [alice, bob] = [await stage.connect('alice', ERRORS), await stage.connect('bob', INBOX)];
    alice.sendJson(SEND, text(group, 'GROUP'), { receipt: 'never' });
    const message = 'you are not a member of this conversation';
    await assertRefused(alice, { code: 'EPERM', message, destination: SEND, messageId: 'm' });
    assert.deepEqual(await bob.settled(), []);
  });

  test('to a group that has ended', async () => {
    const group = await makeGroup('alice', 'bob');
    await stage.server.call('DELETE', `/api/v1/groups/${group}`, ADMIN);
    const alice = await stage.connect('alice', ERRORS);
    alice.sendJson(SEND, text(group, 'GROUP'), { receipt: 'never' });
    const message = `no conversation ${group}`;
    await assertRefused(alice, { code: 'ENOENT', message, destination: SEND, messageId: 'm' });
  });

  test('to a user of another tenant', async () => {
    const alice = await stage.connect('alice', ERRORS);
    alice.sendJson(SEND, text('user_001'), { receipt: 'never' });
    await assertRefused(alice, {
      code: 'ENOENT',
      message: 'no user user_001',
      destination: SEND,
      messageId: 'm',
    });
  });
});

test("one's own queues are also reached by name", async () => {
  const agent = await stage.connect('agent1', '/user/agent1/queue/messages');
  const alice = await stage.connect('alice');
  await alice.confirmed(SEND, { ...text('agent1'), messageId: 'by name' });
  assert.equal((await agent.nextAt('/user/agent1/queue/messages')).id, 'by name');
});

test('the 17th session of a user is refused, and there is room again once another has gone', async () => {
  const sessions = await Promise.all(Array.from({ length: 16 }, () => stage.connect('agent2')));
  const knock = async () => {
    const client = await stage.open(`?token=${tokenOf('agent2')}`);
    client.send('CONNECT', { 'accept-version': '1.2' });
    return client;
  };
  const body = 'more than 16 sessions of one user';
  await assertEnds(await knock(), { message: 'Refused', body, close: 'too-many-sessions' });
  const [first, ...others] = sessions as [StompClient, ...StompClient[]];
  first.send('DISCONNECT', { receipt: 'bye' });
  await first.closed;
  await (await knock()).next('CONNECTED');
  for (const session of others) assert.deepEqual(await session.settled(), []);
});

test('errors reach the session that made them, and no other of the same user', async () => {
  const [one, other] = [await stage.connect('carol', ERRORS), await stage.connect('carol', ERRORS)];
  one.sendJson(SEND, text('nobody'));
  assert.equal((await one.nextAt<XuqmError>(ERRORS)).code, 'ENOENT');
  assert.deepEqual(await other.settled(), []);
});
