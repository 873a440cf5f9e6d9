import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { closeOf } from '@haina/wire';
import { SYSTEM_TIMERS } from '../src/stomp/timers.ts';
import type { RoomClient } from './support/room-client.ts';
import { person, type RoomFixture, useRooms } from './support/room-fixture.ts';
import { tokenOf } from './support/token.ts';

const RATE = 10;
const BURST = 2 * RATE;

/** A clock that stands: no bucket fills up again. */
function standing() {
  const now = Date.now();
  return { clock: { now: () => now }, timers: SYSTEM_TIMERS };
}

/** How many messages a room has. */
async function stored({ manage }: RoomFixture, number: string): Promise<number> {
  const { status, body } = await manage('GET', `/conversations/${number}/messages?limit=100`);
  assert.equal(status, 200);
  return (body as { messages: unknown[] }).messages.length;
}

/** Says more than anybody may at once, and waits until all of it is answered. */
async function flood(guest: RoomClient, n: number, number: string): Promise<void> {
  for (let i = 0; i <= BURST; i++) void guest.chat(person(n), number, 'x');
  await guest.settled();
}

describe('guests', () => {
  const rooms = useRooms({ sendRate: RATE, guestSendRate: 3 * RATE, maxGuestsPerAddress: 6 }, standing());

  test('do not send faster by changing their id on a connection', async () => {
    const number = await rooms.makeRoom();
    const guest = await rooms.open();
    for (const n of [1, 2, 3]) {
      await guest.join(person(n), number);
      await flood(guest, n, number);
      await guest.leave(person(n), number);
      await guest.next('left');
    }
    assert.equal(await stored(rooms, number), BURST);
    await guest.drop();
  });

  test('share a rate with all guests of their address, which users do not', async () => {
    const number = await rooms.makeRoom();
    for (const n of [11, 12, 13, 14]) {
      const guest = await rooms.open();
      await guest.join(person(n), number);
      await flood(guest, n, number);
      await guest.drop();
    }
    // The test before has taken some of it.
    assert.equal(await stored(rooms, number), 6 * RATE - BURST);
    await rooms.makeUser('u1');
    const user = await rooms.openAs('u1');
    await user.join({ id: 'u1' }, number);
    await user.chat({ id: 'u1' }, number, 'still here');
    assert.equal((await user.nextChat()).content, 'still here');
    await user.drop();
  });

  test('make a few rooms at once from one address', async () => {
    const guest = await rooms.open();
    const other = await rooms.open();
    for (let n = 0; n < 5; n++) {
      await guest.join(person(21), `new-a${n}`);
      await other.join(person(22), `new-b${n}`);
    }
    await other.sendJoin(person(22), 'new-b5');
    assert.match(await other.nextRefusal(), /^more than 10 new rooms at once; try again in \d+ ms$/);
    await Promise.all([guest.drop(), other.drop()]);
  });

  test('of one address have so many connections; one that ends makes room for another', async () => {
    const number = await rooms.makeRoom();
    const guests = await Promise.all(Array.from({ length: 6 }, () => rooms.open()));
    for (const [n, guest] of guests.entries()) await guest.join(person(30 + n), number);
    const late = await rooms.open();
    assert.equal(await late.nextRefusal(), 'more than 6 guests from one address');
    assert.deepEqual(await late.closed, closeOf('too-many-sessions'));
    const user = await rooms.open({ token: tokenOf('alice') });
    await user.join({ id: 'alice' }, number);
    await guests[0]?.drop();
    await user.next('left');
    const next = await rooms.open();
    await next.join(person(40), number);
  });
});
