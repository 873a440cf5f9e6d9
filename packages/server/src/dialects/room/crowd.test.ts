import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { guestPrincipal } from '../../core/guests.ts';
import { CrowdConnection, type RoomWorld, startRoomWorld } from './room-fixture.ts';

const ROOM = 'E00001';
/** Most are seated without a connection to write to: what one of them is told, the watched ones are told too. */
const SEATED = 9_900;
const WATCHED = 100;
/** A member and a room's own texts, with room to spare. */
const SMALL = 600;

let world: RoomWorld;
const watched: CrowdConnection[] = [];

const from = (n: number) => ({
  id: `1jt5325h83rf5h9ue6jk8r3h8jk${n}`,
  personName: '张三',
  personNum: 'XS00001',
  nickName: '老三',
  headImgUrl: '/abc/efg/h.jpg',
});
const init = (n: number, dataType: 1 | 2) => ({
  msgType: 2,
  textData: { dataType, data: { from: from(n), roomNumber: ROOM } },
});
/** The hub gathers until the end of a turn. */
const flushed = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

before(async () => {
  world = await startRoomWorld({ roomCreate: true, maxRoomMembers: 20_000 });
  const { attendance } = world.core;
  const seat = (n: number) => {
    const { id, personName: name, personNum: number, nickName: nickname, headImgUrl: avatar } = from(n);
    const guest = guestPrincipal('default', id, { name, number, nickname, avatar });
    const session = { id: `session-${n}`, expelled() {} };
    return attendance.join(guest, { roomId: ROOM, session, seated() {} });
  };
  await seat(0);
  for (let first = 1; first < SEATED; first += 1000) {
    const count = Math.min(1000, SEATED - first);
    await Promise.all(Array.from({ length: count }, (_, index) => seat(first + index)));
  }
  for (let n = 0; n < WATCHED; n++) watched.push(new CrowdConnection(world.dialect));
  await Promise.all(watched.map((connection, index) => connection.ask(init(SEATED + index, 1))));
  await flushed();
});
after(() => world.stop());

/** What everybody watched got since it last forgot: the same buffer, of one frame. */
function sharedFrame(): { readonly text: string; readonly bytes: number } {
  const [first] = watched[0]?.writes ?? [];
  assert.ok(first);
  for (const { writes } of watched) {
    assert.equal(writes.length, 1);
    assert.equal(writes[0], first, 'the same buffer for all');
  }
  const [payload, ...others] = first.payloads;
  assert.ok(payload && others.length === 0);
  return { text: payload.data.toString(), bytes: payload.data.length };
}

function forget(): void {
  for (const connection of watched) connection.forget();
}

test('one more in a room of 10 000 costs the others one small frame each, and gets all of them', async () => {
  const total = SEATED + WATCHED;
  forget();
  const late = new CrowdConnection(world.dialect);
  late.forget();
  await late.ask(init(total, 1));
  await flushed();
  const { text, bytes } = sharedFrame();
  assert.ok(bytes < SMALL, `${bytes} bytes`);
  const news = JSON.parse(text).resultBody.textData.data;
  assert.deepEqual([news.members, news.newJoinMember.id], [null, from(total).id]);
  const [answer, ...others] = late.texts;
  assert.deepEqual(others, []);
  const { members } = JSON.parse(answer ?? '').resultBody.textData.data;
  assert.equal(members.length, total + 1);
  assert.equal(new Set(members.map(({ id }: { id: string }) => id)).size, total + 1);

  forget();
  late.drop();
  await flushed();
  const left = sharedFrame();
  assert.ok(left.bytes < SMALL);
  assert.equal(JSON.parse(left.text).resultBody.textData.data.newLeaveMember.id, from(total).id);
});

test('a message in a room of 10 000 is one buffer for all', async () => {
  forget();
  const data = { from: from(SEATED), roomNumber: ROOM, content: '上课' };
  await watched[0]?.ask({ msgType: 3, textData: { dataType: 3, data } });
  await flushed();
  assert.equal(JSON.parse(sharedFrame().text).resultBody.textData.data.content, '上课');
});

test('many who come at once are told to the others in one write', async () => {
  forget();
  const late = Array.from({ length: 50 }, () => new CrowdConnection(world.dialect));
  await Promise.all(late.map((connection, index) => connection.ask(init(20_000 + index, 1))));
  await flushed();
  for (const { frames, writes } of watched) {
    assert.equal(frames, 50);
    assert.ok(writes.length <= 50);
  }
  for (const connection of late) connection.drop();
});
