import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AttendanceRegister, Place } from '../core/ports/attendance.ts';

const MANY = 10;

function place(id: string, sessionId: string, roomId = 'room', tenant = 'default'): Place {
  return {
    tenant,
    roomId,
    sessionId,
    person: { id, profile: { name: id, number: '', nickname: id, avatar: '' } },
  };
}

/** What every adapter of the attendance port promises. */
export function attendanceContract(
  adapter: string,
  open: () => AttendanceRegister | Promise<AttendanceRegister>,
  skip: string | false = false,
): void {
  describe(`attendance contract: ${adapter}`, { skip }, () => {
    test('of two sessions of a person one gets the place, and the other when it is free', async () => {
      const register = await open();
      const entering = [register.enter(place('a', '1'), MANY), register.enter(place('a', '2'), MANY)];
      assert.deepEqual(await Promise.all(entering), ['entered', 'taken']);
      const [, again] = await Promise.all([
        register.leave(place('a', '1')),
        register.enter(place('a', '2'), MANY),
      ]);
      assert.equal(again, 'entered');
    });

    test('a session can not leave a place that another one has', async () => {
      const register = await open();
      await register.enter(place('a', '1'), MANY);
      await register.leave(place('a', '2'));
      await register.leave(place('b', '1'));
      assert.equal(await register.count('default', 'room'), 1);
    });

    test('a full room takes nobody until somebody leaves', async () => {
      const register = await open();
      await register.enter(place('a', '1'), 1);
      assert.equal(await register.enter(place('b', '2'), 1), 'full');
      await register.leave(place('a', '1'));
      assert.equal(await register.enter(place('b', '2'), 1), 'entered');
    });

    test('rooms, and rooms of the same id in other tenants, do not disturb each other', async () => {
      const register = await open();
      await register.enter(place('a', '1'), MANY);
      assert.equal(await register.enter(place('a', '2', 'other'), MANY), 'entered');
      assert.equal(await register.enter(place('a', '3', 'room', 'else'), MANY), 'entered');
      assert.deepEqual(
        await Promise.all([register.count('default', 'room'), register.count('default', 'nowhere')]),
        [1, 0],
      );
    });
  });
}
