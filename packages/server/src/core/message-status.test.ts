import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canBecome, MESSAGE_STATUSES, type MessageStatusName, statusOfState } from './message-status.ts';

/** Row: from; a mark for each status it can become, in the order of the list. */
const TABLE: Record<MessageStatusName, string> = {
  //          sending sent delivered read failed edited recalled deleted
  sending: '   -       x    -         -    x      -      -        -',
  sent: '      -       -    x         x    x      x      x        x',
  delivered: ' -       -    -         x    -      x      x        x',
  read: '      -       -    -         -    -      x      x        x',
  failed: '    -       -    -         -    -      -      -        -',
  edited: '    -       -    x         x    -      x      x        x',
  recalled: '  -       -    -         -    -      -      -        x',
  deleted: '   -       -    -         -    -      -      -        -',
};

for (const [from, row] of Object.entries(TABLE)) {
  const marks = row.trim().split(/\s+/);
  for (const [index, to] of MESSAGE_STATUSES.entries()) {
    const can = marks[index] === 'x';
    test(`${from} ${can ? 'can become' : 'never becomes'} ${to}`, () => {
      assert.equal(canBecome(from as MessageStatusName, to), can);
    });
  }
}

test('a stored message that never changed counts as sent', () => {
  assert.equal(statusOfState('normal'), 'sent');
  assert.equal(statusOfState('recalled'), 'recalled');
});
