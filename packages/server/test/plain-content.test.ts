import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ImMessage, ImMessageType as T, type XuqmMessage } from '@haina/wire';
import { documentOf, INBOX, openIm } from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const URL = 'https://example.com/image.jpg';
const XUQM_INBOX = '/user/queue/messages';

/** What people send as a plain text, by its type, and what `im` clients find beside it. */
const PLAIN: readonly [type: number, name: string, text: string, contentExtra: object | null][] = [
  [T.CHAT_IMAGE, 'IMAGE', URL, { url: URL }],
  [T.CHAT_FILE, 'FILE', 'report.pdf', null],
  [T.CHAT_VOICE, 'VOICE', URL, { url: URL }],
  [T.CHAT_VIDEO, 'VIDEO', URL, { url: URL }],
  [T.CHAT_LOCATION, 'LOCATION', '39.9,116.4', { latitude: 39.9, longitude: 116.4 }],
  [T.CHAT_CARD, 'CARD', 'carol', { userId: 'carol' }],
];

let server: TestServer;
const clients: StompClient[] = [];

before(async () => {
  server = await startTestServer();
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

async function im(userId: string): Promise<StompClient> {
  const client = await openIm(server.wsUrl, userId);
  clients.push(client);
  return client;
}

async function xuqm(userId: string): Promise<StompClient> {
  const client = await StompClient.of(server.wsUrl, userId);
  clients.push(client);
  await client.subscribe(XUQM_INBOX);
  return client;
}

for (const dialect of ['im', 'xuqm'] as const) {
  describe(`a plain text that ${dialect} sends keeps its type`, () => {
    for (const [type, name, text, contentExtra] of PLAIN) {
      test(name, async () => {
        const [from, to] = [`${dialect}-${name}-a`, `${dialect}-${name}-b`];
        const [sender, asIm, asXuqm] = [
          await (dialect === 'im' ? im : xuqm)(from),
          await im(to),
          await xuqm(to),
        ];
        if (dialect === 'im') {
          await sender.confirmed('/app/chat', {
            conversationId: `single:${from}:${to}`,
            content: text,
            msgType: type,
          });
        } else {
          const body = { toId: to, chatType: 'SINGLE', msgType: name, content: text };
          await sender.confirmed('/app/chat.send', body);
        }
        const message = await asIm.nextAt<ImMessage>(INBOX);
        assert.deepEqual([message.type, documentOf(message)], [type, { content: text, contentExtra }]);
        const { msgType, content } = await asXuqm.nextAt<XuqmMessage>(XUQM_INBOX);
        assert.deepEqual([msgType, content], [name, text]);
      });
    }
  });
}

test('a picture that was sent as its address keeps it when its description is edited', async () => {
  const [sender, other] = [await im('edit-a'), await im('edit-b')];
  const body = { receiverId: 'edit-b', content: URL, msgType: T.CHAT_IMAGE, clientMsgId: 'picture' };
  await sender.confirmed('/app/private-message', body);
  await sender.confirmed('/app/edit-message', { messageId: 'picture', newContent: 'The harbour' });
  await other.nextAt(INBOX);
  const { content, contentExtra } = documentOf(await other.nextAt<ImMessage>(INBOX));
  assert.deepEqual([content, contentExtra], ['The harbour', { url: URL }]);
});

describe('a token is taken under the names that clients of the protocols have for it:', () => {
  for (const path of ['/ws/im', '/ws', '/Mimi/client', '/ws/chat']) {
    for (const name of ['token', 'srect', 'userSig']) {
      test(`${name} at ${path}, in the query and in the headers of CONNECT`, async () => {
        const user = tokenOf(`alice-${name}`);
        const query = await StompClient.open(`${server.wsUrl}${path}?${name}=${user}`);
        const header = await StompClient.open(`${server.wsUrl}${path}`);
        clients.push(query, header);
        query.send('CONNECT', { 'accept-version': '1.2' });
        header.send('CONNECT', { 'accept-version': '1.2', [name]: user });
        for (const client of [query, header]) {
          assert.equal((await client.next('CONNECTED')).headers.get('user-name'), `alice-${name}`);
        }
      });
    }
  }

  test('one that is not good is refused under any name, beside a good one too', async () => {
    const client = await StompClient.open(`${server.wsUrl}/ws/im?userSig=nonsense`);
    clients.push(client);
    client.send('CONNECT', { 'accept-version': '1.2', Authorization: `Bearer ${tokenOf('alice')}` });
    assert.equal((await client.next('ERROR')).headers.get('message'), 'Unauthorized');
  });
});
