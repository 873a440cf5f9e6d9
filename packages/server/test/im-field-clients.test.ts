import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  decodeImProtobuf,
  encodeImBody,
  type ImError,
  type ImMessage,
  ImMessageStatus,
  ImMessageType,
} from '@haina/wire';
import { documentOf, ERRORS, frameAt, INBOX, openIm, PROTOBUF, STATUS } from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import type { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

let server: TestServer;
let alice: StompClient;
let bob: StompClient;
const GROUP = 'field';

before(async () => {
  server = await startTestServer();
  alice = await openIm(server.wsUrl, 'alice', [INBOX, STATUS, ERRORS]);
  bob = await openIm(server.wsUrl, 'bob', [INBOX, STATUS, ERRORS]);
  const group = { id: GROUP, name: GROUP, members: [{ userId: 'alice' }, { userId: 'bob' }] };
  const admin = tokenOf('admin', { role: 'admin' });
  assert.equal((await server.call('POST', '/api/v1/groups', admin, group)).status, 201);
});
after(async () => {
  await Promise.all([alice.drop(), bob.drop()]);
  await server.stop();
});

let sends = 0;

/** Sends a message whose storage is confirmed, and returns what the other one got. */
async function told(destination: string, body: object): Promise<ImMessage> {
  const receipt = `r-${++sends}`;
  alice.sendJson(destination, body, { receipt });
  const { messageId } = await alice.nextReceipt(receipt);
  const message = await bob.nextAt<ImMessage>(INBOX);
  assert.equal(message.messageId, messageId);
  return message;
}

for (const name of ['groupId', 'conversationId']) {
  test(`/app/group-message takes the group as ${name}, and any type`, async () => {
    const content = { content: 'sea', contentExtra: { url: 'https://example.com/a.jpg' } };
    const message = await told('/app/group-message', {
      [name]: GROUP,
      content,
      msgType: 1,
      clientMsgId: name,
    });
    assert.deepEqual(
      [message.type, message.conversationId, message.clientMessageId],
      [ImMessageType.CHAT_IMAGE, GROUP, name],
    );
    assert.deepEqual(documentOf(message), content);
  });
}

test('/app/quote-message takes its reference beside the content or in it', async () => {
  const original = await told('/app/private-message', { receiverId: 'bob', content: 'original' });
  const quotedMessageId = original.messageId;
  for (const body of [
    { content: 'yes', quotedMessageId },
    { content: JSON.stringify({ content: 'yes', contentExtra: null }), quotedMessageId },
    { content: { content: 'yes', quotedMessageId } },
    { content: JSON.stringify({ content: 'yes', quotedMessageId }), msgType: 0 },
  ]) {
    const message = await told('/app/quote-message', { receiverId: 'bob', ...body });
    assert.equal(message.type, ImMessageType.CHAT_QUOTE);
    assert.deepEqual(documentOf(message), {
      content: 'yes',
      contentExtra: null,
      quotedMessageId,
      quotedContent: 'original',
      quotedSenderId: 'alice',
      quotedRecalled: false,
    });
  }
});

test('/app/forward-message sends on to a user, a group or a conversation, with a text of its own or without', async () => {
  const original = await told('/app/private-message', { receiverId: 'bob', content: 'original' });
  const originalMessageId = original.messageId;
  const bodies: [body: object, conversationId: string, content: string][] = [
    [{ receiverId: 'bob', originalMessageId, forwardReason: 'look' }, 'single:alice:bob', 'original'],
    [{ groupId: GROUP, originalMessageId, content: 'mine' }, GROUP, 'mine'],
    [{ conversationId: 'single:alice:bob', content: { originalMessageId } }, 'single:alice:bob', 'original'],
  ];
  for (const [body, conversationId, content] of bodies) {
    const message = await told('/app/forward-message', body);
    assert.deepEqual([message.type, message.conversationId], [ImMessageType.CHAT_FORWARD, conversationId]);
    const document = documentOf(message);
    assert.deepEqual(
      [document.content, document.originalMessageId, document.originalContent],
      [content, originalMessageId, 'original'],
    );
  }
});

test('they are taken in protobuf too, and told in it', async () => {
  const carol = await openIm(server.wsUrl, 'carol', [INBOX], { accept: PROTOBUF });
  const original = await told('/app/private-message', { receiverId: 'bob', content: 'original' });
  const body = encodeImBody('/app/quote-message', {
    receiverId: 'carol',
    content: 'yes',
    quotedMessageId: original.messageId,
  });
  alice.raw(
    Buffer.concat([
      Buffer.from(
        `SEND\ndestination:/app/quote-message\ncontent-type:${PROTOBUF}\ncontent-length:${body.length}\n\n`,
      ),
      body,
      Buffer.from('\0'),
    ]),
  );
  const message = decodeImProtobuf((await frameAt(carol, INBOX)).body);
  assert.deepEqual([message.type, documentOf(message).quotedContent], [ImMessageType.CHAT_QUOTE, 'original']);
  await carol.close();
});

test('they are stored once by their client id, and a refusal names it', async () => {
  const body = { groupId: GROUP, content: 'once', clientMsgId: 'once' };
  const first = await told('/app/group-message', body);
  alice.sendJson('/app/group-message', body, { receipt: 'again' });
  assert.equal((await alice.nextReceipt('again')).messageId, first.messageId);
  const refusals: [destination: string, body: object, code: string, message: RegExp][] = [
    ['/app/group-message', { content: 'x' }, 'EINVAL', /^conversationId /],
    ['/app/group-message', { groupId: 'none', content: 'x' }, 'ENOENT', /none/],
    ['/app/quote-message', { receiverId: 'bob', content: 'x' }, 'EINVAL', /quotedMessageId/],
    ['/app/quote-message', { receiverId: 'bob', content: 'x', quotedMessageId: 'no' }, 'ENOENT', /no/],
    ['/app/forward-message', { receiverId: 'bob' }, 'EINVAL', /originalMessageId/],
  ];
  for (const [at, [destination, rest, code, message]] of refusals.entries()) {
    const clientMsgId = `refused-${at}`;
    alice.sendJson(destination, { ...rest, clientMsgId });
    const error = await alice.nextAt<ImError>(ERRORS);
    assert.deepEqual([error.code, error.destination, error.messageId], [code, destination, clientMsgId]);
    assert.match(error.message, message);
    for (;;) {
      const status = await alice.nextAt<ImMessage>(STATUS);
      if (status.clientMessageId === clientMsgId && status.status === ImMessageStatus.MESSAGE_FAILED) break;
    }
  }
});
