import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useRooms } from './support/room-fixture.ts';
import type { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const rooms = useRooms();
const INBOX = '/user/queue/messages';
const IM_INBOX = '/user/queue/private-messages';
let names = 0;

async function makeUsers(...roles: string[]): Promise<string[]> {
  const ids = roles.map((role) => `${role}${++names}`);
  for (const id of ids) await rooms.makeUser(id);
  return ids;
}

interface Listed {
  readonly content: { readonly text: string };
  readonly state: string;
  readonly id: string;
}

async function history(userId: string, conversation: string): Promise<Listed[]> {
  const path = `/api/v1/conversations/${conversation}/messages`;
  const { status, body } = await rooms.server.call('GET', path, tokenOf(userId));
  assert.equal(status, 200);
  return (body as { messages: Listed[] }).messages;
}

const textsOf = (messages: readonly Listed[]) => messages.map(({ content }) => content.text);

/** What a sync of `xuqm` brings, up to its verdict. */
async function syncXuqm(client: StompClient, query: object = {}): Promise<string[]> {
  client.sendJson('/app/chat.sync', query);
  const told: string[] = [];
  for (;;) {
    const message = await client.nextAt<{ msgType: string; content: string; status: string }>(INBOX);
    if (message.msgType === 'SYNC_DONE') return told;
    told.push(message.status === 'REVOKED' ? 'REVOKED' : message.content);
  }
}

/** What a sync of `im` brings, up to its verdict. */
async function syncIm(client: StompClient, query: object = {}): Promise<string[]> {
  client.sendJson('/app/sync', query);
  const told: string[] = [];
  for (;;) {
    const message = await client.nextAt<{ type: number; chat?: { content: string } }>(IM_INBOX);
    if (!message.chat) return told;
    told.push((JSON.parse(message.chat.content) as { content: string }).content);
  }
}

/** The id of the message that an `im` client is told was pinned next. */
async function nextPinned(client: StompClient): Promise<string | undefined> {
  for (;;) {
    const { event } = await client.nextAt<{ event?: { content: string } }>('/user/queue/events');
    const document = JSON.parse(event?.content ?? '{}') as { updateType?: string; messageId?: string };
    if (document.updateType === 'message_pinned') return document.messageId;
  }
}

function say(client: StompClient, toId: string, content: string, messageId = content): Promise<unknown> {
  const message = { messageId, toId, chatType: 'GROUP', msgType: 'TEXT', content };
  return client.confirmed('/app/chat.send', message);
}

test('a room shows a user what was said in its stays, by history and by the syncs of each protocol', async () => {
  const number = await rooms.makeRoom();
  const [a, b] = (await makeUsers('a', 'b')) as [string, string];
  const [host, guest] = [await rooms.openAs(a), await rooms.openAs(b)];
  await host.join({ id: a }, number);
  const said = async (text: string) => {
    await host.chat({ id: a }, number, text);
    await host.nextChat();
  };
  await said('before');
  await guest.join({ id: b }, number);
  await said('first stay');
  await guest.nextChat();
  await guest.leave({ id: b }, number);
  await host.next('left');
  await said('between');
  await guest.join({ id: b }, number);
  await said('second stay');

  const seen = ['first stay', 'second stay'];
  assert.deepEqual(textsOf(await history(b, number)), seen);
  const xuqm = await rooms.openStomp(b, '/ws/im', [INBOX]);
  assert.deepEqual(await syncXuqm(xuqm, { conversationId: number, sinceSeq: 0 }), seen);
  const im = await rooms.openStomp(b, '/ws', [IM_INBOX]);
  assert.deepEqual(await syncIm(im, { conversationId: number, sinceSequence: 0 }), seen);

  const changed = await rooms.manage('PATCH', `/rooms/${number}`, { history: 'all' });
  assert.equal((changed.body as { history: string }).history, 'all');
  assert.deepEqual(textsOf(await history(b, number)), ['before', 'first stay', 'between', 'second stay']);
});

test('what a member may not see is no message to it, under any id, and nothing to forward', async () => {
  const [a, b] = (await makeUsers('a', 'b')) as [string, string];
  const group = `group-${names}`;
  const made = await rooms.manage('POST', '/groups', {
    id: group,
    name: group,
    history: 'since_join',
    members: [{ userId: a }],
  });
  assert.equal((made.body as { history: string }).history, 'since_join');
  const alice = await rooms.openStomp(a, '/ws/im', [INBOX]);
  await say(alice, group, 'secret', `secret-${group}`);
  const [secret] = await history(a, group);
  await rooms.manage('POST', `/groups/${group}/members`, { members: [{ userId: b }] });
  const bob = await rooms.openStomp(b, '/ws/im', [INBOX, '/user/queue/errors']);
  const refusal = async (destination: string, body: object) => {
    bob.sendJson(destination, body);
    return (await bob.nextAt<{ code: string }>('/user/queue/errors')).code;
  };
  for (const messageId of [secret?.id, `secret-${group}`]) {
    assert.equal(await refusal('/app/chat.read', { messageId }), 'ENOENT');
    assert.equal(await refusal('/app/chat.revoke', { messageId }), 'ENOENT');
  }
  const im = await rooms.openStomp(b, '/ws', ['/user/queue/errors']);
  for (const [msgType, name] of [
    [11, 'quotedMessageId'],
    [12, 'originalMessageId'],
  ] as const) {
    const content = JSON.stringify({ content: 'look', [name]: secret?.id });
    im.sendJson('/app/private-message', { receiverId: a, msgType, content, clientMsgId: `${name}-${group}` });
    assert.equal((await im.nextAt<{ code: string }>('/user/queue/errors')).code, 'ENOENT');
  }
});

test('one who was removed and added again is told what changed in what it had, and what it missed', async () => {
  const [a, b] = (await makeUsers('a', 'b')) as [string, string];
  const group = `group-${names}`;
  await rooms.makeGroup(group, a, b);
  const alice = await rooms.openStomp(a, '/ws/im', [INBOX]);
  const bob = await rooms.openStomp(b, '/ws/im', [INBOX]);
  const im = await rooms.openStomp(a, '/ws', []);
  for (const text of ['had', 'edited', 'recalled']) {
    await say(alice, group, `${text} ${group}`);
    await bob.nextAt(INBOX);
  }
  assert.deepEqual(await syncXuqm(bob), [], 'what bob got is stored');
  await bob.drop();
  await rooms.manage('DELETE', `/groups/${group}/members/${b}`);
  await alice.confirmed('/app/chat.revoke', { messageId: `recalled ${group}` });
  await im.confirmed('/app/edit-message', { messageId: `edited ${group}`, newContent: 'new' });
  await say(alice, group, `missed ${group}`);
  await rooms.manage('POST', `/groups/${group}/members`, { members: [{ userId: b }] });
  const again = await rooms.openStomp(b, '/ws/im', [INBOX]);
  const told = await syncXuqm(again);
  assert.deepEqual(told, ['REVOKED', 'new', `missed ${group}`]);
});

test('a user who comes again to a room is told there what was taken back of what it had', async () => {
  const number = await rooms.makeRoom();
  const [a, b] = (await makeUsers('a', 'b')) as [string, string];
  const [host, guest] = [await rooms.openAs(a), await rooms.openAs(b)];
  await host.join({ id: a }, number);
  await guest.join({ id: b }, number);
  await host.chat({ id: a }, number, 'slip', { id: `slip-${number}` });
  await guest.nextChat();
  await host.nextChat();
  await guest.leave({ id: b }, number);
  await Promise.all([host.next('left'), guest.next('left')]);
  const xuqm = await rooms.openStomp(a, '/ws/im', []);
  await xuqm.confirmed('/app/chat.revoke', { messageId: `slip-${number}` });
  await say(xuqm, number, 'missed');
  await guest.join({ id: b }, number);
  const told = await guest.nextChat();
  assert.deepEqual([told.id, told.content, told.recalled], [`slip-${number}`, '', true]);
  assert.deepEqual(await guest.settled(), []);
});

test('what becomes of a message is told live only to those who may see it', async () => {
  const number = await rooms.makeRoom();
  const [a, b] = (await makeUsers('a', 'b')) as [string, string];
  const [host, early] = [await rooms.openAs(a), await rooms.open()];
  await host.join({ id: a }, number);
  await early.join({ id: 'early' }, number);
  const alice = await rooms.openStomp(a, '/ws', []);
  const send = (content: string) =>
    alice.confirmed('/app/chat', { conversationId: number, content, clientMsgId: `${content}-${number}` });
  await send('secret');
  await early.nextChat();
  const [late, member] = [await rooms.open(), await rooms.openAs(b)];
  await late.join({ id: 'late' }, number);
  await member.join({ id: b }, number);
  const queues = ['/user/queue/message-status', '/user/queue/events'];
  const [xuqm, im] = [
    await rooms.openStomp(b, '/ws/im', [INBOX]),
    await rooms.openStomp(b, '/ws', [IM_INBOX, ...queues]),
  ];
  const edit = (what: string) =>
    alice.confirmed('/app/edit-message', { messageId: `${what}-${number}`, newContent: `${what} edited` });
  const pin = (what: string) =>
    alice.confirmed('/app/pin-message', { messageId: `${what}-${number}`, pinScope: 1 });

  await edit('secret');
  await pin('secret');
  assert.equal((await early.nextChat()).content, 'secret edited');
  await send('said');
  await edit('said');
  await pin('said');
  for (const client of [late, member]) {
    assert.deepEqual(
      [(await client.nextChat()).content, (await client.nextChat()).content],
      ['said', 'said edited'],
    );
  }
  const texts = [
    await xuqm.nextAt<{ content: string }>(INBOX),
    await xuqm.nextAt<{ content: string }>(INBOX),
  ];
  assert.deepEqual(
    texts.map(({ content }) => content),
    ['said', 'said edited'],
  );
  const status = await im.nextAt<{ clientMessageId: string; status: number }>(queues[0] as string);
  assert.deepEqual([status.clientMessageId, status.status], [`said-${number}`, 7]);
  const said = (await history(b, number)).find(({ content }) => content.text === 'said edited');
  assert.equal(await nextPinned(im), said?.id);
});
