import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveSession } from './sessions.ts';
import { Sessions } from './sessions.ts';

function session(id: string, userId: string): LiveSession {
  return {
    id,
    principal: { tenant: 'default', userId, role: 'user', name: userId },
    end() {},
  };
}

test('a user enters with its first session and leaves with its last', () => {
  const told: string[] = [];
  const sessions = new Sessions(2, {
    entered: ({ userId }) => told.push(`${userId} entered`),
    left: ({ userId }) => told.push(`${userId} left`),
  });
  const [phone, tablet, watch] = [session('1', 'alice'), session('2', 'alice'), session('3', 'alice')];
  sessions.add(phone);
  sessions.add(tablet);
  assert.throws(() => sessions.add(watch), { code: 'EPERM', limit: 2 });
  sessions.remove(watch);
  sessions.remove(phone);
  assert.deepEqual(told, ['alice entered']);
  sessions.remove(tablet);
  sessions.remove(tablet);
  assert.deepEqual(told, ['alice entered', 'alice left']);
});
