import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SessionState, type StateOf, transition } from './state.ts';

const closing: StateOf<'closing'> = { name: 'closing' };
const closed: StateOf<'closed'> = { name: 'closed', cause: 'client' };

test('a transition is logged', () => {
  const log: string[] = [];
  const state = transition(closing, closed, (from, to) => log.push(`${from} → ${to}`));
  assert.equal(state, closed);
  assert.deepEqual(log, ['closing → closed']);
});

test('an illegal transition does not type-check', () => {
  const any: SessionState = closing as SessionState;
  // @ts-expect-error nothing follows the end
  transition(closed, closing, () => {});
  // @ts-expect-error what is closing does not connect any more
  transition(closing, { name: 'connecting', cancelDeadline: () => {} }, () => {});
  // @ts-expect-error a state must be looked at before it is left
  transition(any, closed, () => {});
});
