import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import WebSocket from 'ws';
import type { RoomClient } from './support/room-client.ts';
import { person, useRooms } from './support/room-fixture.ts';

const MAX_FRAME = 65_536;

const rooms = useRooms({ maxRoomsPerSession: 2, demo: false });
const me = person(1);
let number: string;
let client: RoomClient;
let watcher: RoomClient;

before(async () => {
  await rooms.ready;
  number = await rooms.makeRoom();
  client = await rooms.open();
  watcher = await rooms.open();
  await client.join(me, number);
  await watcher.join(person('watcher'), number);
  await client.next('joined');
});

const chat = (data: object, more: object = {}) => ({
  msgType: 3,
  textData: { dataType: 3, data: { from: me, roomNumber: number, content: 'x', ...data }, ...more },
});
const join = (data: object, dataType: unknown = 1) => ({
  msgType: 2,
  textData: { dataType, data: { from: me, roomNumber: number, ...data } },
});

/** What is sent, and what it is refused with. */
const CASES: readonly (readonly [name: string, send: () => unknown, refusal: string | RegExp])[] = [
  ['an array', () => [], 'the body must be an object'],
  ['null', () => null, 'the body must be an object'],
  ['a text', () => 'hello', 'the body must be an object'],
  ['no msgType', () => ({}), 'msgType is missing'],
  ['msgType in words', () => ({ msgType: 'one' }), 'msgType must be an integer'],
  ['an unknown msgType', () => ({ msgType: 6 }), 'msgType must be one of 1, 2, 3, 4, 5'],
  ['a fractional msgType', () => ({ msgType: 3.5 }), 'msgType must be an integer'],
  ['no textData', () => ({ msgType: 2 }), 'textData is missing'],
  ['textData as a string', () => ({ msgType: 3, textData: '{}' }), 'textData must be an object'],
  ['no data', () => ({ msgType: 2, textData: { dataType: 1 } }), 'textData.data is missing'],
  ['an unknown dataType', () => join({}, 3), 'textData.dataType must be one of 1, 2'],
  ['no roomNumber', () => join({ roomNumber: undefined }), 'textData.data.roomNumber is missing'],
  ['an array as roomNumber', () => join({ roomNumber: [1] }), 'textData.data.roomNumber must be a string'],
  ['a roomNumber that is none', () => join({ roomNumber: 'a/b' }), /^roomNumber must be 1 to 64 letters/],
  ['a single chat as room', () => join({ roomNumber: 'single:alice:bob' }), /^roomNumber must be 1 to 64/],
  ['a room that is not there', () => join({ roomNumber: 'nowhere' }), 'no room nowhere'],
  ['no from', () => join({ from: undefined }), 'textData.data.from is missing'],
  ['from without an id', () => join({ from: {} }), 'textData.data.from.id is missing'],
  ['an object as id', () => join({ from: { id: {} } }), 'textData.data.from.id must be a string'],
  ['a from that is not oneself', () => chat({ from: person(2) }), /^from.id must be .*jk1, your own$/],
  [
    'joining as another',
    () => join({ from: person(2), roomNumber: 'E00001' }),
    /^from.id must be .*your own$/,
  ],
  ['a leave for another', () => join({ from: person('watcher') }, 2), /^from.id must be .*your own$/],
  ['a message before joining', () => chat({ roomNumber: 'E00001' }), 'join room E00001 first'],
  ['a leave without a join', () => join({ roomNumber: 'E00001' }, 2), 'join room E00001 first'],
  ['no content', () => chat({ content: undefined }), 'textData.data.content is missing'],
  ['an object as content', () => chat({ content: {} }), 'textData.data.content must be a string'],
  ['empty content', () => chat({ content: '' }), 'content of a text message must not be empty'],
  ['too long a content', () => chat({ content: 'x'.repeat(2001) }), 'content has more than 2000 characters'],
  ['half a surrogate', () => chat({ content: '\ud800' }), 'content is not valid Unicode'],
  ['too long an id', () => chat({ id: 'x'.repeat(129) }), 'textData.data.id has more than 128 characters'],
  ['another dataType with a chat', () => chat({}, { dataType: 9 }), 'textData.dataType must be one of 3'],
  ['extendFields that are none', () => ({ ...chat({}), extendFields: [] }), /^extendFields/],
  ['signing for nothing', () => ({ msgType: 4, textData: { data: {} } }), /roomNumber is missing$/],
  [
    'signing for an unknown message',
    () => ({ msgType: 4, textData: { data: { roomNumber: number, id: 'nothing' } } }),
    'no message nothing',
  ],
  [
    'signing in a room one is not in',
    () => ({ msgType: 4, textData: { data: { roomNumber: 'E00001', id: 'x' } } }),
    'join room E00001 first',
  ],
  [
    'contacts of another room',
    () => ({ msgType: 5, textData: { data: { roomNumber: 'E00001' } } }),
    'join room E00001 first',
  ],
];

for (const [name, message, refusal] of CASES) {
  test(`${name} is refused, and the connection stays`, async () => {
    await client.send(message());
    const text = await client.nextRefusal();
    if (typeof refusal === 'string') assert.equal(text, refusal);
    else assert.match(text, refusal);
    assert.deepEqual(await client.settled(), []);
    assert.deepEqual(await watcher.settled(), []);
  });
}

for (const [name, raw, refusal] of [
  ['what is no JSON', '{"msgType":', 'the body is not valid JSON'],
  ['nothing', '', 'the body is not valid JSON'],
  ['a binary message', Buffer.from('{"msgType":1}'), 'messages must be text, not binary'],
  ['a prototype key', '{"msgType":3,"__proto__":{}}', '__proto__ is not allowed as a name'],
  [
    'a prototype key in what is passed through',
    '{"msgType":3,"textData":{},"extendFields":{"\\u005f_proto__":1}}',
    '__proto__ is not allowed as a name',
  ],
  [
    'deep nesting',
    `{"msgType":3,"textData":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
    'textData must be an object',
  ],
] as const) {
  test(`${name} is refused, and the connection stays`, async () => {
    client.sendRaw(raw);
    assert.equal(await client.nextRefusal(), refusal);
    assert.deepEqual(await client.settled(), []);
  });
}

test('a refusal has exactly the form of the document', async () => {
  const socket = new WebSocket(`${rooms.server.wsUrl}/ws/room`);
  const answer = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))));
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send('{"msgType":7}');
  assert.equal(await answer, '{"status":0,"msg":"msgType must be one of 1, 2, 3, 4, 5","resultBody":""}');
  socket.terminate();
});

test('deep extension fields are refused', async () => {
  let deep: unknown = 1;
  for (let i = 0; i < 70; i++) deep = [deep];
  await client.send({ ...chat({}), extendFields: { deep } });
  assert.equal(await client.nextRefusal(), 'content is nested deeper than 64 levels');
});

test('what a guest says of itself is limited', async () => {
  const guest = await rooms.open();
  for (const [from, refusal] of [
    [{ id: 'a b' }, /^from.id must be 1 to 64 letters/],
    [{ id: 'guest:x' }, /^from.id must be 1 to 64 letters/],
    [{ id: 'x', nickName: 'n'.repeat(65) }, 'from.nickName has more than 64 characters'],
    [{ id: 'x', headImgUrl: 'h'.repeat(1025) }, 'from.headImgUrl has more than 1024 characters'],
    [{ id: 'x', headImgUrl: `/${'h'.repeat(1000)}` }, 'from has more than 1024 bytes'],
    [{ id: '..' }, /^from.id must not be/],
    [{ id: 'x', headImgUrl: 'javascript:alert(1)' }, /^from.headImgUrl must be an http or https address/],
    [{ id: 'x', nickName: 'a\u202eb' }, /^from.nickName: control/],
    [{ id: 'x', personNum: ' ' }, 'from.personNum must not be blank'],
    [{ id: 'x', personName: '\udc00' }, 'from.personName is not valid Unicode'],
  ] as const) {
    await guest.sendJoin(from, number);
    const text = await guest.nextRefusal();
    if (typeof refusal === 'string') assert.equal(text, refusal);
    else assert.match(text, refusal);
  }
  const bare = { headImgUrl: '', id: 'x', nickName: '', personName: '', personNum: '' };
  const joined = await guest.join({ id: 'x', nickName: null }, number);
  assert.deepEqual(joined.newJoinMember, bare);
  await guest.drop();
  await client.next('left');
  await client.settled();
  await watcher.settled();
});

test('a connection may be in so many rooms', async () => {
  const [second, third] = [await rooms.makeRoom(), await rooms.makeRoom()];
  const other = await rooms.open();
  await other.join(person(5), number);
  await other.join(person(5), second);
  await other.sendJoin(person(5), third);
  assert.equal(await other.nextRefusal(), 'a connection may be in 2 rooms');
  await other.leave(person(5), second);
  await other.join(person(5), third);
});

test('a message over the size limit ends the connection', async () => {
  const loud = await rooms.open();
  await loud.join(person('loud'), number);
  await loud.chat(person('loud'), number, 'x'.repeat(MAX_FRAME));
  assert.equal((await loud.closed).code, 1009);
});
