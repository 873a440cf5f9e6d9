import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { closeOf } from '@haina/wire';
import { person, shown, useRooms } from './support/room-fixture.ts';
import { tokenOf } from './support/token.ts';

describe('without authentication', () => {
  const rooms = useRooms({ maxRoomMembers: 3 });

  test('a guest reaches open rooms and nothing else', async () => {
    const closed = await rooms.makeRoom({ open: false });
    const guest = await rooms.open();
    for (const number of [closed, 'demo']) {
      await guest.sendJoin(person(1), number);
      assert.equal(await guest.nextRefusal(), `room ${number} is not open to you`);
    }
    await guest.join(person(1), await rooms.makeRoom());
  });

  test("a guest can't take the id of a registered user, and may come in under another", async () => {
    const number = await rooms.makeRoom();
    const guest = await rooms.open();
    await guest.sendJoin({ id: 'alice' }, number);
    assert.match(await guest.nextRefusal(), /^alice is the id of a registered user/);
    await guest.join({ id: 'alice2' }, number);
  });

  test('a client with a token is that user, shown as its user is', async () => {
    const number = await rooms.makeRoom({ open: false });
    await rooms.makeUser('u1', '小明');
    const user = await rooms.openAs('u1');
    const { newJoinMember } = await user.join({ id: 'u1', nickName: 'the teacher' }, number);
    assert.deepEqual({ ...newJoinMember, personNum: '' }, { ...shown('u1', 0, '小明'), personNum: '' });
    await user.sendJoin({ id: 'alice' }, number);
    assert.equal(await user.nextRefusal(), 'from.id must be u1, your own');
  });

  test('a token that is not valid is refused, and makes no guest', async () => {
    for (const [token, reason] of [
      ['nonsense', 'token-refused'],
      [tokenOf('alice', { exp: 1 }), 'token-expired'],
      [tokenOf('alice', {}, 'x'.repeat(32)), 'token-refused'],
    ] as const) {
      const client = await rooms.open({ token });
      assert.match(await client.nextRefusal(), /token/);
      assert.deepEqual(await client.closed, closeOf(reason));
    }
  });

  test('a guest can not take what looks like the id or the name of a user', async () => {
    const number = await rooms.makeRoom();
    await rooms.makeUser('u7');
    for (const id of ['u7', 'U7', 'ｕ7', 'ＡＬＩＣＥ']) {
      const guest = await rooms.open();
      await guest.sendJoin({ id }, number);
      assert.match(await guest.nextRefusal(), / of a registered user: log in, or take another$/, id);
      await guest.drop();
    }
  });

  test('a guest is no user of the server, whatever it says', async () => {
    const number = await rooms.makeRoom();
    const guest = await rooms.open();
    await guest.join({ id: 'visitor', nickName: '访客' }, number);
    await guest.chat({ id: 'visitor' }, number, 'hello', { id: 'g1' });
    await guest.nextChat();
    assert.equal((await rooms.manage('GET', '/users/visitor')).status, 404);
    const { body } = await rooms.manage('GET', `/conversations/${number}/messages`);
    const [message] = (body as { messages: Record<string, unknown>[] }).messages;
    assert.equal(message?.senderId, 'guest:visitor');
    assert.deepEqual(message?.sender, { name: '', number: '', nickname: '访客', avatar: '' });
    const own = await rooms.server.call(
      'GET',
      `/api/v1/conversations/${number}/messages`,
      tokenOf('visitor'),
    );
    assert.equal(own.status, 404);
  });

  test('one who registers later owns nothing that a guest of the name said', async () => {
    const number = await rooms.makeRoom();
    const guest = await rooms.open();
    await guest.join({ id: 'later' }, number);
    await guest.chat({ id: 'later' }, number, 'mine', { id: 'mine' });
    await guest.nextChat();
    await rooms.makeUser('later');
    const stomp = await rooms.openStomp('later', '/ws/im', ['/user/queue/errors']);
    stomp.sendJson('/app/chat.revoke', { messageId: 'mine' });
    assert.equal((await stomp.nextAt<{ code: string }>('/user/queue/errors')).code, 'ENOENT');
  });

  test('guests have to leave a room that is closed to them, users stay', async () => {
    const number = await rooms.makeRoom();
    const [guest, user] = [await rooms.open(), await rooms.openAs('alice')];
    await guest.join(person(1), number);
    await user.join({ id: 'alice' }, number);
    await guest.next('joined');
    assert.equal((await rooms.manage('PATCH', `/rooms/${number}`, { open: false })).status, 200);
    assert.equal(await guest.nextRefusal(), `you were taken out of room ${number}`);
    assert.deepEqual((await user.next('left')).resultBody.textData.data.newLeaveMember, person(1));
    await user.chat({ id: 'alice' }, number, 'among us');
    await user.nextChat();
    assert.deepEqual(await guest.settled(), []);
    await guest.sendJoin(person(1), number);
    assert.equal(await guest.nextRefusal(), `room ${number} is not open to you`);
  });

  test('a full room takes nobody until somebody leaves', async () => {
    const number = await rooms.makeRoom();
    const all = await Promise.all([1, 2, 3, 4].map(() => rooms.open()));
    for (const n of [0, 1, 2]) await all[n]?.join(person(n), number);
    await all[3]?.sendJoin(person(3), number);
    assert.equal(await all[3]?.nextRefusal(), `room ${number} is full: it holds 3`);
    await all[0]?.leave(person(0), number);
    await all[3]?.join(person(3), number);
  });

  test('pages of other origins may not connect', async () => {
    await assert.rejects(rooms.open({ origin: 'http://evil.example' }), /403/);
  });

  test('an unknown encryption, and one without a token, are refused', async () => {
    for (const [query, text, close] of [
      ['&enc=A128GCM', 'enc must be A256GCM', 'refused'],
      ['&enc=A256GCM', 'a token is needed', 'token-missing'],
    ] as const) {
      const client = await rooms.open({ query });
      assert.equal(await client.nextRefusal(), text);
      assert.deepEqual(await client.closed, closeOf(close));
    }
  });
});

describe('with authentication', () => {
  const rooms = useRooms({ roomAuth: 'token', roomApp: '*', maxSessionsPerUser: 2 });

  test('who brings no token is refused', async () => {
    const client = await rooms.open();
    assert.equal(await client.nextRefusal(), 'a token is needed');
    assert.deepEqual(await client.closed, closeOf('token-missing'));
  });

  test('from must be the user of the token', async () => {
    const number = await rooms.makeRoom();
    const client = await rooms.openAs('bob');
    await client.sendJoin({ id: 'alice' }, number);
    assert.equal(await client.nextRefusal(), 'from.id must be bob, your own');
    await client.join({ id: 'bob' }, number);
  });

  test('users of other applications have rooms of their own', async () => {
    const number = await rooms.makeRoom();
    const here = await rooms.openAs('alice');
    await here.join({ id: 'alice' }, number);
    const there = await rooms.open({ token: tokenOf('alice', { app: 'other' }) });
    assert.equal((await there.join({ id: 'alice' }, number)).members?.length, 1);
    await here.chat({ id: 'alice' }, number, 'for us');
    await here.nextChat();
    assert.deepEqual(await there.settled(), []);
    await Promise.all([here.drop(), there.drop()]);
  });

  test('a user may have so many sessions', async () => {
    const first = [await rooms.openAs('carol'), await rooms.openAs('carol')];
    for (const client of first) await client.settled();
    const third = await rooms.openAs('carol');
    assert.match(await third.nextRefusal(), /^more than 2 sessions/);
    assert.deepEqual(await third.closed, closeOf('too-many-sessions'));
  });

  test('a user who is deleted is sent away, and leaves its rooms', async () => {
    const number = await rooms.makeRoom();
    await rooms.makeUser('goner');
    const [goner, other] = [await rooms.openAs('goner'), await rooms.openAs('agent1')];
    await other.join({ id: 'agent1' }, number);
    await goner.join({ id: 'goner' }, number);
    await rooms.manage('DELETE', '/users/goner');
    assert.equal(await goner.nextRefusal(), 'Unauthorized');
    assert.deepEqual(await goner.closed, closeOf('user-gone'));
    assert.equal((await other.next('left')).resultBody.textData.data.newLeaveMember.id, 'goner');
  });

  test('the contacts of a user are those it shares a chat or group with', async () => {
    for (const id of ['c1', 'c2', 'c3']) await rooms.makeUser(id, `nick of ${id}`);
    await rooms.makeGroup('contacts', 'c1', 'c2');
    const client = await rooms.openAs('c1');
    await client.send({ msgType: 5 });
    const { members } = (await client.next('contacts')).resultBody.textData.data;
    assert.deepEqual(
      members.map(({ id, nickName }) => [id, nickName]),
      [['c2', 'nick of c2']],
    );
  });
});
