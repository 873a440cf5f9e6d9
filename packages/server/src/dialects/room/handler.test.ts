import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { CrowdConnection, startRoomWorld } from './room-fixture.ts';

const roomCommand = (dataType: 1 | 2) => ({
  msgType: 2,
  textData: { dataType, data: { from: { id: 'guest1', personName: '张三' }, roomNumber: 'E00001' } },
});
const JOIN = roomCommand(1);
const LEAVE = roomCommand(2);

test('a stop waits for the message that was taken, and forgets those that wait', async (t) => {
  const world = await startRoomWorld({ roomCreate: true });
  t.after(() => world.stop());
  const connection = new CrowdConnection(world.dialect);
  await connection.ask(JOIN);
  // The answer is written within the work on a message.
  await world.core.attendance.settled();
  await endOfTurn();
  connection.forget();
  void connection.ask(LEAVE);
  void connection.ask(JOIN);
  const answered = connection.stopping();
  void connection.ask(JOIN);
  assert.deepEqual(connection.texts, []);
  await answered;
  assert.equal(connection.texts.length, 1, 'the answer to the LEAVE');
  assert.equal(connection.stopping(), undefined, 'nothing else is under way');
  connection.drop();
});
