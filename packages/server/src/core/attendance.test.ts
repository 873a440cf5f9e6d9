import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Argon2Hasher } from '../auth/passwords.ts';
import { createIdSource } from '../ids.ts';
import { MemoryAttendance } from '../presence/memory/attendance.ts';
import { openSqliteStore } from '../store/sqlite/index.ts';
import type { Seat } from './attendance.ts';
import type { CoreEvent } from './events.ts';
import { guestPrincipal } from './guests.ts';
import { type Core, createCore } from './index.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { Principal } from './model.ts';
import type { Store } from './ports/store.ts';

const manager: Principal = { tenant: 't', userId: 'm', role: 'service', name: 'm' };
const user = (userId: string): Principal => ({ tenant: 't', userId, role: 'user', name: userId });
const guest = (id: string): Principal =>
  guestPrincipal('t', id, { name: '', number: '', nickname: id, avatar: '' });

let dataDir: string;
let store: Store;
let core: Core;
let events: CoreEvent[] = [];
let rooms = 0;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'haina-attendance-'));
  store = await openSqliteStore({ dataDir });
  core = coreOver(store);
  for (const id of ['alice', 'bob']) await core.users.create(manager, { id, username: id });
});
after(async () => {
  await store.close();
  await rm(dataDir, { recursive: true });
});

function coreOver(coreStore: Store): Core {
  const clock = { now: () => 1 };
  return createCore({
    store: coreStore,
    sink: { publish: (_topics, event) => void events.push(event), notify() {} },
    clock,
    ids: createIdSource(clock),
    passwords: new Argon2Hasher(),
    limits: { ...DEFAULT_LIMITS, sendRate: 5 },
    register: new MemoryAttendance(),
  });
}

async function makeRoom(isOpen = true): Promise<string> {
  const id = `room${++rooms}`;
  await core.rooms.create(manager, { id, name: id, isOpen, ownerId: 'alice' });
  events = [];
  return id;
}

function session(id: string = randomUUID()) {
  const expelled: string[] = [];
  return {
    id,
    expelled: (roomId: string, why: string) => void expelled.push(`${roomId} ${why}`),
    lost: expelled,
  };
}

async function enter(actor: Principal, roomId: string, holder = session()) {
  let seat: Seat | undefined;
  await core.attendance.join(actor, { roomId, session: holder, seated: (taken) => (seat = taken) });
  return { ...holder, holder, seat };
}

const told = () =>
  events.map((event) =>
    'person' in event
      ? `${event.type} ${event.person.id}`
      : 'userId' in event
        ? `${event.type} ${event.userId}`
        : event.type,
  );

test("a user's attendance of a room is its membership; a guest's is none", async () => {
  const id = await makeRoom();
  const { holder } = await enter(user('alice'), id);
  await enter(guest('g'), id);
  assert.deepEqual(told(), ['member.added alice', 'attendance.joined alice', 'attendance.joined guest:g']);
  assert.equal((await store.findMember('t', id, 'alice'))?.role, 'owner');
  assert.equal(await store.findMember('t', id, 'guest:g'), undefined);
  core.attendance.leave(user('alice'), id, holder);
  await core.attendance.settled();
  assert.equal(await store.findMember('t', id, 'alice'), undefined);
  assert.deepEqual(told().slice(3), ['attendance.left alice', 'member.removed alice']);
});

test('who leaves and comes again at once is a member in the end', async () => {
  const id = await makeRoom();
  const { holder } = await enter(user('alice'), id);
  core.attendance.leave(user('alice'), id, holder);
  await enter(user('alice'), id);
  await core.attendance.settled();
  assert.ok(await store.findMember('t', id, 'alice'));
  assert.equal((await store.findConversation('t', id))?.memberCount, 1);
});

test('a session can not give up the place of another', async () => {
  const id = await makeRoom();
  await enter(user('bob'), id);
  assert.equal(core.attendance.leave(user('bob'), id, session()), undefined);
  assert.equal(await core.attendance.countIn('t', id), 1);
});

test('a room that ends while somebody comes in takes it in no more', async () => {
  const id = await makeRoom();
  const coming = Promise.allSettled([enter(user('alice'), id), enter(guest('g'), id)]);
  await core.rooms.delete(manager, id);
  await coming;
  await core.attendance.settled();
  assert.equal(await core.attendance.countIn('t', id), 0);
  assert.deepEqual(core.attendance.people('t', id), []);
});

test('what happens to a room while it is looked up is known to who comes in', async () => {
  const [ended, closed] = [await makeRoom(), await makeRoom()];
  const meanwhile = new Map<string, () => Promise<unknown>>([
    [ended, () => late.rooms.delete(manager, ended)],
    [closed, () => late.rooms.update(manager, closed, { isOpen: false })],
  ]);
  const late = coreOver({
    ...store,
    async findRoom(tenant, id) {
      const room = await store.findRoom(tenant, id);
      const change = meanwhile.get(id);
      meanwhile.delete(id);
      await change?.();
      return room;
    },
  });
  const come = (roomId: string) =>
    late.attendance.join(guest('g'), { roomId, session: session(), seated() {} });
  await assert.rejects(come(ended), { code: 'ENOENT' });
  await assert.rejects(come(closed), { code: 'EPERM' });
  assert.equal(meanwhile.size, 0);
  assert.deepEqual([late.attendance.people('t', ended), late.attendance.people('t', closed)], [[], []]);
});

test('a guest who comes in while the room is closed to guests stays out', async () => {
  const id = await makeRoom();
  await enter(user('bob'), id);
  const coming = enter(guest('g'), id).then(
    ({ lost }) => lost,
    (error: Error) => [error.message],
  );
  await core.rooms.update(manager, id, { isOpen: false });
  const outcome = await coming;
  assert.equal(outcome.length, 1, 'refused, or taken out');
  assert.deepEqual(
    core.attendance.people('t', id).map((person) => person.id),
    ['bob'],
  );
});

test('a member who is taken out of a group while it comes in stays out', async () => {
  const id = `group${++rooms}`;
  await core.groups.create(manager, { id, name: id, members: [{ userId: 'alice' }, { userId: 'bob' }] });
  await enter(user('alice'), id);
  const coming = enter(user('bob'), id).then(
    ({ lost }) => lost,
    (error: Error) => [error.message],
  );
  await core.groups.removeMember(manager, id, 'bob');
  assert.equal((await coming).length, 1, 'refused, or taken out');
  const people = core.attendance.people('t', id).map((person) => person.id);
  assert.deepEqual(people, ['alice']);
  assert.equal(await core.attendance.countIn('t', id), 1);
});

test('an end of the room is told to each session once', async () => {
  const id = await makeRoom();
  const [one, two] = [await enter(user('alice'), id), await enter(guest('g'), id)];
  const count = core.attendance.count;
  await core.rooms.delete(manager, id);
  assert.deepEqual([one.lost, two.lost], [[`${id} closed`], [`${id} closed`]]);
  assert.equal(core.attendance.count, count - 2);
  assert.equal(core.attendance.leave(user('alice'), id, one.holder), undefined);
});

test('coming and going is limited to the rate of sends', async () => {
  const id = await makeRoom();
  const holder = session();
  const outcomes: string[] = [];
  for (let i = 0; i < 12; i++) {
    outcomes.push(
      await enter(guest('hasty'), id, holder).then(
        () => 'in',
        (error: { code: string }) => error.code,
      ),
    );
    core.attendance.leave(guest('hasty'), id, holder);
  }
  assert.deepEqual(outcomes, [...Array(10).fill('in'), 'ERATE', 'ERATE']);
});

test('nobody is in a room any more when the server begins again', async () => {
  const id = await makeRoom();
  await enter(user('alice'), id);
  await core.attendance.start();
  assert.equal(await store.findMember('t', id, 'alice'), undefined);
  assert.equal((await store.findConversation('t', id))?.memberCount, 0);
});

test("a guest's message is stored with how it is shown, in open rooms only", async () => {
  const [open, closed] = [await makeRoom(), await makeRoom(false)];
  const send = (conversationId: string) =>
    core.messages.send(guest('g'), {
      target: { kind: 'conversation', conversationId },
      content: { type: 'text', text: 'hi', extra: null },
      source: 'test',
    });
  const { message } = await send(open);
  assert.deepEqual([message.senderId, message.guest?.nickname], ['guest:g', 'g']);
  const [listed] = await store.listMessages({
    tenant: 't',
    conversationId: open,
    viewerId: 'x',
    seesAll: true,
    limit: 1,
  });
  assert.deepEqual(listed, message);
  await assert.rejects(send(closed), { code: 'EPERM' });
  const toUser = { kind: 'user', userId: 'alice' } as const;
  const content = { type: 'text', text: 'hi', extra: null } as const;
  await assert.rejects(core.messages.send(guest('g'), { target: toUser, content, source: 'test' }), {
    code: 'EPERM',
  });
});

test('a session that fails to take its seat leaves the place to others', async () => {
  const id = await makeRoom();
  const seated = () => {
    throw new Error('out of order');
  };
  await assert.rejects(core.attendance.join(user('alice'), { roomId: id, session: session(), seated }), {
    message: 'out of order',
  });
  await core.attendance.settled();
  assert.deepEqual(told(), ['member.added alice', 'member.removed alice']);
  assert.ok((await enter(user('alice'), id)).seat);
});

test('attendance is settled once those who come are in, and one who found its session gone is out again', async () => {
  const id = await makeRoom();
  let isIn = false;
  const coming = enter(user('alice'), id).then(() => (isIn = true));
  const gone = core.attendance.join(user('bob'), {
    roomId: id,
    session: session(),
    seated() {
      throw new Error('gone');
    },
  });
  const refused = assert.rejects(gone, { message: 'gone' });
  await core.attendance.settled();
  assert.equal(await core.attendance.countIn('t', id), 1);
  assert.equal(await store.findMember('t', id, 'bob'), undefined);
  assert.ok(isIn);
  await Promise.all([coming, refused]);
});

test('a session that fails to be expelled keeps nobody else in', async () => {
  const id = await makeRoom();
  const failing = session();
  failing.expelled = () => {
    throw new Error('out of order');
  };
  await enter(user('alice'), id, failing);
  const bob = await enter(user('bob'), id);
  await core.rooms.delete(manager, id);
  assert.deepEqual(bob.lost, [`${id} closed`]);
});
