import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImMessage, XuqmMessage, XuqmReceipt } from '@haina/wire';
import { person, useRooms } from './support/room-fixture.ts';
import type { StompClient } from './support/stomp-client.ts';

const XUQM_INBOX = '/user/queue/messages';
const XUQM_RECEIPTS = '/user/queue/receipts';
const XUQM_ERRORS = '/user/queue/errors';
const IM_INBOX = '/user/queue/private-messages';

const rooms = useRooms();
let names = 0;

/** New users, so that no test hears of another's. */
async function makeUsers(...nicknames: string[]): Promise<string[]> {
  const run = ++names;
  const ids = nicknames.map((nickname) => `${nickname}-${run}`);
  for (const [index, id] of ids.entries()) await rooms.makeUser(id, `${nicknames[index]} 昵称`);
  return ids;
}

const openXuqm = (userId: string) =>
  rooms.openStomp(userId, '/ws/im', [XUQM_INBOX, XUQM_RECEIPTS, XUQM_ERRORS]);
const openIm = (userId: string) => rooms.openStomp(userId, '/ws', [IM_INBOX]);

function sendXuqm(client: StompClient, toId: string, content: unknown, more: object = {}): void {
  client.sendJson('/app/chat.send', { toId, chatType: 'GROUP', msgType: 'TEXT', content, ...more });
}

/** What is said next, whatever else comes. */
async function nextIm(client: StompClient): Promise<{ text: string; from: string; in: string }> {
  const { senderId, conversationId, chat } = await client.nextAt<ImMessage>(IM_INBOX);
  const { content } = JSON.parse(chat?.content ?? '{}') as { content: string };
  return { text: content, from: senderId, in: conversationId };
}

async function nextXuqm(client: StompClient) {
  const { id, content, fromId, toId, chatType, status } = await client.nextAt<XuqmMessage>(XUQM_INBOX);
  return { id, content, fromId, toId, chatType, status };
}

test('members of a group talk with each other through three protocols', async () => {
  const [x, i, r] = (await makeUsers('x', 'i', 'r')) as [string, string, string];
  const group = `group-${names}`;
  await rooms.makeGroup(group, x, i, r);
  const [xuqm, im, room] = [await openXuqm(x), await openIm(i), await rooms.openAs(r)];
  const joined = await room.join({ id: r }, group);
  assert.deepEqual(
    [joined.number, joined.name, joined.owner, joined.members?.length],
    [group, group, null, 1],
  );

  await room.chat({ id: r }, group, '来自教室', { id: 'from room' });
  const told = {
    id: 'from room',
    content: '来自教室',
    fromId: r,
    toId: group,
    chatType: 'GROUP',
    status: 'SENT',
  };
  assert.deepEqual(await nextXuqm(xuqm), told);
  assert.deepEqual(await nextIm(im), { text: '来自教室', from: r, in: group });
  assert.equal((await room.nextChat()).seq, 1);

  sendXuqm(xuqm, group, 'from xuqm', { messageId: 'x-1' });
  const fromXuqm = await room.nextChat();
  assert.equal(fromXuqm.from.nickName, 'x 昵称');
  const { id, from, roomNumber, content, seq } = fromXuqm;
  assert.deepEqual([id, from.id, roomNumber, content, seq], ['x-1', x, group, 'from xuqm', 2]);
  await nextIm(im);

  im.sendJson('/app/chat', { conversationId: group, content: 'from im', msgType: 0, clientMsgId: 'i-1' });
  const fromIm = await room.nextChat();
  assert.deepEqual([fromIm.content, fromIm.from.id, fromIm.seq], ['from im', i, 3]);
});

test('attendance of a group changes nothing about who its members are', async () => {
  const [a, b] = (await makeUsers('a', 'b')) as [string, string];
  const group = `group-${names}`;
  await rooms.makeGroup(group, a, b);
  const [one, two] = [await rooms.openAs(a), await rooms.openAs(b)];
  await one.join({ id: a }, group);
  await two.join({ id: b }, group);
  assert.equal((await one.next('joined')).resultBody.textData.data.newJoinMember.id, b);
  await two.leave({ id: b }, group);
  await one.next('left');
  await rooms.manage('PATCH', `/groups/${group}`, { name: 'Renamed' });
  assert.equal((await two.join({ id: b }, group)).name, 'Renamed');
  const { body } = await rooms.manage('GET', `/groups/${group}`);
  assert.equal((body as { memberCount: number }).memberCount, 2);
  const stranger = await rooms.openAs((await makeUsers('stranger'))[0] as string);
  await stranger.sendJoin({ id: `stranger-${names}` }, group);
  assert.equal(await stranger.nextRefusal(), `room ${group} is not open to you`);
});

test('who is taken out of a group loses its place in the room', async () => {
  const [a, b] = (await makeUsers('a', 'b')) as [string, string];
  const group = `group-${names}`;
  await rooms.makeGroup(group, a, b);
  const [one, two] = [await rooms.openAs(a), await rooms.openAs(b)];
  await one.join({ id: a }, group);
  await two.join({ id: b }, group);
  await rooms.manage('DELETE', `/groups/${group}/members/${b}`);
  assert.equal(await two.nextRefusal(), `you were taken out of room ${group}`);
  assert.equal((await one.next('left')).resultBody.textData.data.newLeaveMember.id, b);
  await one.chat({ id: a }, group, 'without b');
  await one.nextChat();
  assert.deepEqual(await two.settled(), []);
});

test('who is in a room reads and writes there through the other protocols too, until it leaves', async () => {
  const number = await rooms.makeRoom();
  const [a, b] = (await makeUsers('a', 'b')) as [string, string];
  const [room, guest] = [await rooms.openAs(a), await rooms.open()];
  const [xuqm, im, outsider] = [await openXuqm(a), await openIm(a), await openXuqm(b)];
  await guest.join({ id: 'g', nickName: '访客' }, number);
  sendXuqm(xuqm, number, 'too early');
  assert.equal((await xuqm.nextAt<{ code: string }>(XUQM_ERRORS)).code, 'EPERM');

  await room.join({ id: a }, number);
  await guest.chat({ id: 'g' }, number, 'from a guest', { id: 'g-1' });
  const told = {
    id: 'g-1',
    content: 'from a guest',
    fromId: 'guest:g',
    toId: number,
    chatType: 'GROUP',
    status: 'SENT',
  };
  assert.deepEqual(await nextXuqm(xuqm), told);
  assert.deepEqual(await nextIm(im), { text: 'from a guest', from: 'guest:g', in: number });
  assert.equal((await room.nextChat()).from.nickName, '访客');
  await guest.nextChat();

  sendXuqm(xuqm, number, 'by xuqm');
  const said = await guest.nextChat();
  assert.deepEqual([said.content, said.from.id, said.from.nickName], ['by xuqm', a, 'a 昵称']);
  assert.equal((await room.nextChat()).content, 'by xuqm');
  // A session that is opened later knows of the room as well.
  const late = await openXuqm(a);
  sendXuqm(late, number, 'by another device');
  assert.equal((await guest.nextChat()).content, 'by another device');
  sendXuqm(outsider, number, 'me too');
  assert.equal((await outsider.nextAt<{ code: string }>(XUQM_ERRORS)).code, 'EPERM');

  await room.leave({ id: a }, number);
  await guest.next('left');
  await room.settled();
  sendXuqm(xuqm, number, 'too late');
  assert.equal((await xuqm.nextAt<{ code: string }>(XUQM_ERRORS)).code, 'EPERM');
  await guest.chat({ id: 'g' }, number, 'alone');
  await guest.nextChat();
  for (const [client, inbox] of [
    [xuqm, XUQM_INBOX],
    [im, IM_INBOX],
    [outsider, XUQM_INBOX],
  ] as const) {
    // Whatever the protocol: what was written before its receipt has come.
    await client.subscribe('/user/queue/errors', { id: 'again' });
    assert.deepEqual(
      client.received(inbox).filter((body) => body.includes('alone')),
      [],
    );
  }
});

test('what a member of a group missed comes after the answer to its join, once', async () => {
  const [a, b] = (await makeUsers('a', 'b')) as [string, string];
  const group = `group-${names}`;
  await rooms.makeGroup(group, a, b);
  const xuqm = await openXuqm(a);
  for (const n of [1, 2, 3])
    await xuqm.confirmed('/app/chat.send', {
      toId: group,
      chatType: 'GROUP',
      msgType: 'TEXT',
      content: `missed ${n}`,
      messageId: `${group}-${n}`,
    });
  const first = await rooms.openAs(b);
  await first.join({ id: b }, group);
  for (const n of [1, 2, 3]) assert.equal((await first.nextChat()).content, `missed ${n}`);
  // The sender learns of it in its own protocol.
  for (const n of [1, 2, 3]) {
    const { messageId, userId, status } = await xuqm.nextAt<XuqmReceipt>(XUQM_RECEIPTS);
    assert.deepEqual([messageId, userId, status], [`${group}-${n}`, b, 'DELIVERED']);
  }
  await first.leave({ id: b }, group);
  await first.next('left');
  await xuqm.confirmed('/app/chat.revoke', { messageId: `${group}-2` });
  await xuqm.confirmed('/app/chat.send', {
    toId: group,
    chatType: 'GROUP',
    msgType: 'TEXT',
    content: 'missed 4',
  });
  await first.join({ id: b }, group);
  const recalled = await first.nextChat();
  assert.deepEqual(
    [recalled.id, recalled.content, recalled.recalled, recalled.seq],
    [`${group}-2`, '', true, 2],
  );
  assert.equal((await first.nextChat()).content, 'missed 4');
  assert.deepEqual(await first.settled(), []);
});

test('what other protocols send beside text comes in its closest form', async () => {
  const number = await rooms.makeRoom();
  const [a] = (await makeUsers('a')) as [string];
  const [room, guest] = [await rooms.openAs(a), await rooms.open()];
  const [xuqm, im] = [await openXuqm(a), await openIm(a)];
  await guest.join(person('forms'), number);
  await room.join({ id: a }, number);
  await guest.next('joined');

  sendXuqm(xuqm, number, { url: '/p.jpg', width: 3 }, { msgType: 'IMAGE', messageId: `${number}-image` });
  const image = await guest.nextChat();
  assert.deepEqual(
    [image.content, image.type, image.extra],
    ['/p.jpg', 'image', { url: '/p.jpg', width: 3 }],
  );
  sendXuqm(xuqm, number, { lat: 1 }, { msgType: 'LOCATION' });
  assert.equal((await guest.nextChat()).content, '[location]');

  im.sendJson('/app/chat', {
    conversationId: number,
    content: 'a slip',
    msgType: 0,
    clientMsgId: `${number}-im`,
  });
  const original = await guest.nextChat();
  assert.equal(original.content, 'a slip');
  im.sendJson('/app/edit-message', { messageId: `${number}-im`, newContent: 'no slip', editReason: '' });
  const edited = await guest.nextChat();
  assert.deepEqual(edited, { ...original, content: 'no slip', edited: true });
  xuqm.sendJson('/app/chat.revoke', { messageId: `${number}-im` });
  assert.deepEqual(await guest.nextChat(), { ...original, content: '', recalled: true });
  await im.confirmed('/app/pin-message', { messageId: `${number}-image`, pinScope: 1 });
  assert.deepEqual(await guest.settled(), []);
});

test('signing for a message tells its sender, also where a guest signs', async () => {
  const number = await rooms.makeRoom();
  const [a] = (await makeUsers('a')) as [string];
  const [room, guest] = [await rooms.openAs(a), await rooms.open()];
  const xuqm = await openXuqm(a);
  await room.join({ id: a }, number);
  await guest.join({ id: 'signer' }, number);
  sendXuqm(xuqm, number, 'sign, please', { messageId: `${number}-sign` });
  const { id } = await guest.nextChat();
  const sign = { msgType: 4, textData: { data: { roomNumber: number, id } } };
  await guest.send(sign);
  await guest.send(sign);
  assert.deepEqual(await guest.settled(), []);
  const { messageId, userId, status } = await xuqm.nextAt<XuqmReceipt>(XUQM_RECEIPTS);
  assert.deepEqual([messageId, userId, status], [`${number}-sign`, 'guest:signer', 'DELIVERED']);
  await xuqm.settled();
  assert.deepEqual(xuqm.received(XUQM_RECEIPTS), []);
});

test('one who may only read may not write in rooms either', async () => {
  const number = await rooms.makeRoom();
  const [a] = (await makeUsers('a')) as [string];
  const room = await rooms.openAs(a);
  await room.join({ id: a }, number);
  const change = { permissionType: 'chat_permission', newPermission: 'read_only', reason: 'rest' };
  assert.equal((await rooms.manage('PUT', `/admin/users/${a}/permissions`, change)).status, 200);
  await room.chat({ id: a }, number, 'x');
  assert.match(await room.nextRefusal(), /^you may only read/);
});

test('a user who is here through a room is online for the others', async () => {
  const [a, b] = (await makeUsers('a', 'b')) as [string, string];
  await rooms.makeGroup(`group-${names}`, a, b);
  const im = await rooms.openStomp(b, '/ws', ['/user/queue/user-status']);
  await rooms.openAs(a);
  const { event } = await im.nextAt<ImMessage>('/user/queue/user-status');
  assert.match(event?.content ?? '', new RegExp(`"userId":"${a}","status":"online"`));
});

test('figures name the protocol', async () => {
  const guest = await rooms.open();
  await guest.send({ msgType: 1 });
  await guest.settled();
  const text = await (await fetch(`${rooms.server.url}/metrics`)).text();
  for (const line of [
    /haina_connections\{transport="websocket",dialect="room"\} [1-9]/,
    /haina_frames_in_total\{dialect="room",command="heartbeat"\} [1-9]/,
    /haina_frames_out_total\{dialect="room",command="message"\} [1-9]/,
    /haina_deliveries_total\{dialect="room"\} [1-9]/,
    /haina_refusals_total\{dialect="room",code="EINVAL"\} [1-9]/,
    /haina_queue_depth\{queue="attendance"\} \d/,
  ]) {
    assert.match(text, line);
  }
});
