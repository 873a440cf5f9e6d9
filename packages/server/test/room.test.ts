import assert from 'node:assert/strict';
import { test } from 'node:test';
import { person, useRooms } from './support/room-fixture.ts';

const ALREADY_JOINED = '连接被拒,您已在其他页面或客户端加入该房间,请先将其退出!';

const rooms = useRooms();

test('who joins is told everybody who is in the room, the others who came', async () => {
  const number = await rooms.makeRoom();
  const [one, two] = [await rooms.open(), await rooms.open()];
  const first = await one.join(person(1), number);
  assert.deepEqual(first.members, [person(1)]);
  const second = await two.join(person(2), number);
  const { createTime } = second;
  assert.ok(createTime > 1.7e12);
  const room = { number, name: '房间名称', desc: '房间描述', owner: null, createTime };
  assert.deepEqual(second, { ...room, members: [person(1), person(2)], newJoinMember: person(2) });
  const data = { ...room, members: null, newJoinMember: person(2) };
  assert.deepEqual(await one.next('joined'), {
    status: 1,
    msg: 'Join successfully',
    resultBody: { msgType: 3, textData: { dataType: 1, data } },
  });
  assert.deepEqual(await two.settled(), []);
});

test('who leaves is told so, as are the others, and gets nothing any more', async () => {
  const number = await rooms.makeRoom();
  const [one, two] = [await rooms.open(), await rooms.open()];
  const { createTime } = await one.join(person(1), number);
  await two.join(person(2), number);
  await one.next('joined');
  await two.leave(person(2), number);
  const data = {
    number,
    name: '房间名称',
    desc: '房间描述',
    owner: null,
    createTime,
    newLeaveMember: person(2),
  };
  const told = {
    status: 1,
    msg: 'Leave successfully',
    resultBody: { msgType: 3, textData: { dataType: 2, data } },
  };
  assert.deepEqual(await one.next('left'), told);
  assert.deepEqual(await two.next('left'), told);
  await one.chat(person(1), number, 'anybody?');
  await one.nextChat();
  assert.deepEqual(await two.settled(), []);
});

test('who leaves need not say who it is', async () => {
  const number = await rooms.makeRoom();
  const client = await rooms.open();
  for (const from of [{}, { from: null }]) {
    await client.join(person(1), number);
    await client.send({ msgType: 2, textData: { dataType: 2, data: { ...from, roomNumber: number } } });
    assert.deepEqual((await client.next('left')).resultBody.textData.data.newLeaveMember, person(1));
  }
});

test('a guest who has left all rooms may come again as another, and not before', async () => {
  const number = await rooms.makeRoom();
  const client = await rooms.open();
  await client.join(person(1), number);
  await client.sendJoin(person(2), await rooms.makeRoom());
  assert.match(await client.nextRefusal(), /^from.id must be .*jk1, your own$/);
  await client.leave(person(1), number);
  await client.next('left');
  assert.deepEqual((await client.join(person(2), number)).members, [person(2)]);
  await client.chat(person(1), number, 'as before');
  assert.match(await client.nextRefusal(), /^from.id must be .*jk2, your own$/);
  await client.chat(person(2), number, 'as now');
  assert.deepEqual((await client.nextChat()).from, person(2));
});

test('the end of a connection is a leave', async () => {
  const number = await rooms.makeRoom();
  const [one, two] = [await rooms.open(), await rooms.open()];
  await one.join(person(1), number);
  await two.join(person(2), number);
  await two.drop();
  assert.deepEqual((await one.next('left')).resultBody.textData.data.newLeaveMember, person(2));
  const three = await rooms.open();
  assert.deepEqual((await three.join(person(2), number)).members, [person(1), person(2)]);
});

test('a member in the room through another connection is refused in the words of the document', async () => {
  const number = await rooms.makeRoom();
  const [one, two] = [await rooms.open(), await rooms.open()];
  await one.join(person(1), number);
  await two.sendJoin(person(1), number);
  assert.equal(await two.nextRefusal(), ALREADY_JOINED);
  const other = await rooms.makeRoom();
  await two.join(person(1), other);
  assert.deepEqual(await one.settled(), []);
  await one.leave(person(1), number);
  await two.join(person(1), number);
});

test('a member that joins again on the same connection is answered again, and nobody else is told', async () => {
  const number = await rooms.makeRoom();
  const [one, two] = [await rooms.open(), await rooms.open()];
  await two.join(person(2), number);
  const first = await one.join(person(1), number);
  await two.next('joined');
  assert.deepEqual(await one.join(person(1), number), first);
  assert.deepEqual(await two.settled(), []);
});

test('a message goes to all who are in the room, the sender included', async () => {
  const number = await rooms.makeRoom();
  const [one, two] = [await rooms.open(), await rooms.open()];
  await one.join(person(1), number);
  await two.join(person(2), number);
  await one.chat(person(1), number, '上课了 😀', { id: 'm-1' });
  const frame = await one.next('chat');
  const { time } = frame.resultBody.textData.data;
  assert.ok(Math.abs(time - Date.now()) < 60_000);
  const data = { id: 'm-1', from: person(1), roomNumber: number, content: '上课了 😀', seq: 1, time };
  const told = { status: 1, msg: 'OK', resultBody: { msgType: 3, textData: { dataType: 3, data } } };
  assert.deepEqual(frame, told);
  assert.deepEqual(await two.next('chat'), told);
  await two.chat(person(2), number, 'without an id');
  const second = await one.nextChat();
  assert.equal(second.seq, 2);
  assert.match(second.id, /^[0-9a-f-]{36}$/);
});

test('a message sent again is confirmed as the first was, and nobody gets it twice', async () => {
  const number = await rooms.makeRoom();
  const [one, two] = [await rooms.open(), await rooms.open()];
  await one.join(person(1), number);
  await two.join(person(2), number);
  await one.next('joined');
  await one.chat(person(1), number, 'once', { id: 'again' });
  const first = await one.next('chat');
  await one.chat(person(1), number, 'once', { id: 'again' });
  assert.deepEqual(await one.next('chat'), first);
  await one.chat(person(1), number, 'something else', { id: 'again' });
  assert.match(await one.nextRefusal(), /used for another message/);
  await two.next('chat');
  assert.deepEqual(await two.settled(), []);
});

test('a message sent right before a leave is still confirmed', async () => {
  const number = await rooms.makeRoom();
  const one = await rooms.open();
  await one.join(person(1), number);
  await one.chat(person(1), number, 'bye');
  await one.leave(person(1), number);
  assert.equal((await one.nextChat()).content, 'bye');
  await one.next('left');
});

test('extension fields come with the message as they were sent', async () => {
  const number = await rooms.makeRoom();
  const one = await rooms.open();
  await one.join(person(1), number);
  const extendFields = { mood: '开心', list: [1, { deep: null }] };
  const data = { from: person(1), roomNumber: number, content: 'with fields' };
  await one.send({ msgType: 3, textData: { dataType: 3, data }, extendFields });
  assert.deepEqual((await one.next('chat')).resultBody.extendFields, extendFields);
});

test('the contacts of a room are those who are in it now', async () => {
  const number = await rooms.makeRoom();
  const [one, two, three] = [await rooms.open(), await rooms.open(), await rooms.open()];
  for (const [index, client] of [one, two, three].entries()) await client.join(person(index), number);
  await two.leave(person(1), number);
  await one.next('left');
  await one.send({ msgType: 5, textData: { data: { roomNumber: number } } });
  assert.deepEqual(await one.next('contacts'), {
    status: 1,
    msg: 'OK',
    resultBody: {
      msgType: 5,
      textData: { dataType: 5, data: { roomNumber: number, members: [person(0), person(2)] } },
    },
  });
});

test('a guest who names no room gets the contacts of the one it is in, and has to name it where that is not clear', async () => {
  const client = await rooms.open();
  const refusal = /^textData.data.roomNumber is missing/;
  await client.send({ msgType: 5 });
  assert.match(await client.nextRefusal(), refusal);

  const number = await rooms.makeRoom();
  await client.join(person(1), number);
  for (const textData of [undefined, null, { dataType: 5, data: null }, { data: {} }]) {
    await client.send({ msgType: 5, textData });
    const { data } = (await client.next('contacts')).resultBody.textData;
    assert.deepEqual(data, { roomNumber: number, members: [person(1)] });
  }

  await client.join(person(1), await rooms.makeRoom());
  await client.send({ msgType: 5, textData: { data: {} } });
  assert.match(await client.nextRefusal(), refusal);
});

test('one connection may be in several rooms, and each hears its own', async () => {
  const [first, second] = [await rooms.makeRoom(), await rooms.makeRoom()];
  const [one, two] = [await rooms.open(), await rooms.open()];
  await one.join(person(1), first);
  await one.join(person(1), second);
  await two.join(person(2), second);
  await one.next('joined');
  await two.chat(person(2), second, 'in the second');
  assert.equal((await one.nextChat()).roomNumber, second);
  await one.leave(person(1), second);
  await one.next('left');
  await two.chat(person(2), second, 'alone');
  await two.nextChat();
  await one.chat(person(1), first, 'still here');
  assert.equal((await one.nextChat()).roomNumber, first);
  assert.deepEqual(await one.settled(), []);
});

test('the first who joins a room that is not there makes it, and owns it', async () => {
  const number = `new-${Date.now()}`;
  const [one, two] = [await rooms.open(), await rooms.open()];
  await one.join(person(1), number);
  const { owner, name, members } = await two.join(person(2), number);
  assert.deepEqual([owner, name, members?.length], [person(1), number, 2]);
  const { body } = await rooms.manage('GET', `/rooms/${number}`);
  const { createdAt, uid, ...room } = body as Record<string, unknown>;
  assert.ok((uid as number) < 0);
  assert.deepEqual(room, {
    number,
    appId: 'default',
    name: number,
    description: '',
    open: true,
    history: 'since_join',
    owner: { id: person(1).id, guest: true, nickname: '老三' },
    present: 2,
    lastSeq: 0,
  });
  await Promise.all([one.drop(), two.drop()]);
  const three = await rooms.open();
  assert.deepEqual((await three.join(person(3), number)).owner, person(1));
});

test('many who join a new room at once make one room', async () => {
  const number = `rush-${Date.now()}`;
  const all = await Promise.all(Array.from({ length: 20 }, () => rooms.open()));
  await Promise.all(all.map((client, index) => client.sendJoin(person(index), number)));
  const joins = await Promise.all(all.map((client) => client.next('joined')));
  assert.equal(new Set(joins.map((join) => join.resultBody.textData.data.owner?.id)).size, 1);
  // Whatever the order: each has everybody, from its list or as news, once.
  for (const [index, client] of all.entries()) {
    const seen = (joins[index]?.resultBody.textData.data.members ?? []).map(({ id }) => id);
    while (seen.length < all.length) {
      seen.push((await client.next('joined')).resultBody.textData.data.newJoinMember.id);
    }
    assert.equal(new Set(seen).size, all.length);
    assert.deepEqual(await client.settled(), []);
  }
});

test('what a manager changes of a room shows with the next who comes; nobody can be in one that ended', async () => {
  const number = await rooms.makeRoom();
  const [one, two] = [await rooms.open(), await rooms.open()];
  await one.join(person(1), number);
  const change = { name: '新名称', description: '', ownerId: 'alice' };
  assert.equal((await rooms.manage('PATCH', `/rooms/${number}`, change)).status, 200);
  const { name, desc, owner } = await two.join(person(2), number);
  assert.deepEqual([name, desc, owner?.id, owner?.nickName], ['新名称', '', 'alice', 'alice']);
  await one.next('joined');
  assert.equal((await rooms.manage('DELETE', `/rooms/${number}`)).status, 204);
  for (const client of [one, two]) assert.equal(await client.nextRefusal(), `room ${number} was closed`);
  await one.chat(person(1), number, 'hello?');
  assert.equal(await one.nextRefusal(), `join room ${number} first`);
  assert.equal((await rooms.manage('GET', `/rooms/${number}`)).status, 404);
});

test("in the demo the document's own room belongs to whoever joins it first", async () => {
  const one = await rooms.open();
  assert.deepEqual((await one.join(person(1), 'E00001')).owner, person(1));
});
