import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeOf } from '@haina/wire';
import { ManualTimers } from '../src/stomp/testing/manual-timers.ts';
import { person, useRooms } from './support/room-fixture.ts';

const INTERVAL = 120_000;
const PATIENCE = INTERVAL * 1.5;

const timers = new ManualTimers();
const rooms = useRooms({ roomHeartbeat: INTERVAL }, { clock: { now: () => Date.now() }, timers });

test('a client that is silent for one and a half intervals is taken out of its rooms and closed', async () => {
  const number = await rooms.makeRoom();
  const [silent, alive, pinging] = [await rooms.open(), await rooms.open(), await rooms.open()];
  await silent.join(person('silent'), number);
  await alive.join(person('alive'), number);
  await pinging.join(person('pinging'), number);

  // Any message counts, a refused one too, but no ping.
  for (let passed = 0; passed < PATIENCE; passed += INTERVAL / 2) {
    timers.advance(INTERVAL / 2);
    await alive.send({ msgType: 1 });
    await pinging.send({ msgType: 'nonsense' });
    await pinging.nextRefusal();
    await alive.settled();
    silent.ping();
  }
  timers.advance(INTERVAL / 2);
  assert.deepEqual(await silent.closed, closeOf('no-heart-beat'));
  const left = await pinging.next('left');
  assert.deepEqual(left.resultBody.textData.data.newLeaveMember, person('silent'));
  assert.equal((await alive.next('left')).resultBody.textData.data.newLeaveMember.id, person('silent').id);
  await pinging.chat(person('pinging'), number, 'still here');
  await alive.nextChat();
});

test('a heart-beat has no answer', async () => {
  const client = await rooms.open();
  await client.send({ msgType: 1 });
  await client.send({ msgType: 1, textData: null });
  assert.deepEqual(await client.settled(), []);
});

test('who was closed for its silence may come again at once', async () => {
  const number = await rooms.makeRoom();
  const first = await rooms.open();
  await first.join(person('again'), number);
  timers.advance(PATIENCE * 2);
  await first.closed;
  const second = await rooms.open();
  assert.equal((await second.join(person('again'), number)).members?.length, 1);
});
