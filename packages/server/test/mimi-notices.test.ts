import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ImMessage, MimiFailure, MimiNotice } from '@haina/wire';
import { NOTIFICATIONS, openIm } from './support/im-client.ts';
import { ERRORS, type MimiUser, makeUser, success } from './support/mimi-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const CONFIRM = '/socket/ntc/rcv';
const CONFIRMED = '/user/queue/rcv/status';
const ADMIN = tokenOf('admin', { role: 'admin' });
/** As the documents of such applications have it. */
const LIKE = { mid: 407, lkUid: 2, lkUname: 'liaojiekx', mShrtCntnt: '测试用户的测试mes', id: 417 };

let server: TestServer;
let users = 0;
const clients: StompClient[] = [];

before(async () => {
  server = await startTestServer();
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

const newUser = (): Promise<MimiUser> => makeUser(server, `reader${++users}`);

async function open({ id }: MimiUser, ...destinations: string[]): Promise<StompClient> {
  const client = await StompClient.connect(server.wsUrl, tokenOf(id), '/Mimi/client');
  clients.push(client);
  for (const destination of [ERRORS, CONFIRMED, ...destinations]) await client.subscribe(destination);
  return client;
}

async function notify({ id }: MimiUser, more: object = {}): Promise<string> {
  const body = { type: 'alert', title: '赞', content: '有人赞了你', to: { userIds: [id] }, ...more };
  const answer = await server.call('POST', '/api/v1/notifications', ADMIN, body);
  assert.equal(answer.status, 201);
  return (answer.body as { id: string }).id;
}

const at = ({ username }: Pick<MimiUser, 'username'>) => `/user/${username}/notice`;

test("a notification comes as a notice in the application's own words, at the name and at the uid", async () => {
  const user = await newUser();
  const byUid = `/user/${user.uid}/notice`;
  const client = await open(user, at(user), byUid);
  const id = await notify(user, { category: 'mLikee', data: LIKE, priority: 'low' });
  const notice = await client.nextAt<MimiNotice>(at(user));
  assert.deepEqual(notice, {
    ntcType: 'mLikee',
    ntcBody: {
      ...LIKE,
      priority: 'low',
      id,
      title: '赞',
      content: '有人赞了你',
      tmCreated: notice.ntcBody.tmCreated,
    },
  });
  assert.ok(Number.isSafeInteger(notice.ntcBody.tmCreated));
  assert.deepEqual(await client.nextAt(byUid), notice);
  client.sendJson(CONFIRM, { ntcType: 'mLikee', id });
  assert.deepEqual(await client.nextAt(CONFIRMED), success(id));
});

test('a notice comes at each subscription until it is confirmed, and is read from then on', async () => {
  const user = await newUser();
  const id = await notify(user);
  for (let session = 0; session < 2; session++) {
    const client = await open(user, at(user));
    const { ntcType, ntcBody } = await client.nextAt<MimiNotice>(at(user));
    assert.deepEqual([ntcType, ntcBody.id], ['alert', id]);
    await client.close();
  }
  const confirming = await open(user);
  confirming.sendJson(CONFIRM, { ntcType: 'alert', id }, { receipt: 'r' });
  await confirming.nextReceipt('r');
  confirming.sendJson(CONFIRM, { ntcType: 'alert', id });
  for (let times = 0; times < 2; times++) assert.deepEqual(await confirming.nextAt(CONFIRMED), success(id));
  const second = await notify(user);
  const later = await open(user, at(user));
  assert.equal((await later.nextAt<MimiNotice>(at(user))).ntcBody.id, second);
  const { body } = await server.call('GET', '/api/v1/notifications', tokenOf(user.id));
  const { notifications } = body as { notifications: { id: string; readAt: number | null }[] };
  assert.deepEqual(
    notifications.map((each) => [each.id, each.readAt !== null]),
    [
      [second, false],
      [id, true],
    ],
  );
});

test('what another protocol told does not come again, and what was confirmed here does not come there', async () => {
  const user = await newUser();
  const im = await openIm(server.wsUrl, user.id, [NOTIFICATIONS]);
  clients.push(im);
  await notify(user);
  await im.nextAt<ImMessage>(NOTIFICATIONS);
  await im.close();
  const mimi = await open(user, at(user));
  const id = await notify(user);
  assert.equal((await mimi.nextAt<MimiNotice>(at(user))).ntcBody.id, id);
  mimi.sendJson(CONFIRM, { id }, { receipt: 'r' });
  await mimi.nextReceipt('r');
  const last = await notify(user);
  const again = await openIm(server.wsUrl, user.id, [NOTIFICATIONS]);
  clients.push(again);
  assert.equal((await again.nextAt<ImMessage>(NOTIFICATIONS)).messageId, last);
});

test("another's notices, and what is no notice of the user, are refused in the form of the protocol", async () => {
  const [user, other] = [await newUser(), await newUser()];
  const id = await notify(other);
  const client = await open(user);
  client.send('SUBSCRIBE', { id: 'x', destination: at(other) });
  assert.equal((await client.nextAt<MimiFailure>(ERRORS)).code, -303);
  for (const [body, msgID, code] of [
    [{ ntcType: 'alert', id }, id, -404],
    [{ ntcType: 'alert', id: 438 }, '438', -404],
    [{ ntcType: 'alert' }, null, -401],
  ] as const) {
    client.sendJson(CONFIRM, body);
    const failure = await client.nextAt<MimiFailure>(ERRORS);
    assert.deepEqual([failure.msgID, failure.code], [msgID, code]);
    assert.ok(failure.content.message.startsWith(`${CONFIRM}: `));
  }
});
