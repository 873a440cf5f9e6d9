import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FreeAgent, nextMatch, type Waiting } from './assignment.ts';

function waits(sessionId: string, since: number, more: Partial<Waiting> = {}): Waiting {
  return { sessionId, customerId: 'customer', skill: '', place: 1, since, order: since, ...more };
}

function agent(userId: string, more: Partial<FreeAgent> = {}): FreeAgent {
  return { userId, skills: [], active: 0, idleSince: 0, ...more };
}

test('the longest waiting whom somebody fits is next, those put back before all others', () => {
  const some = [waits('a', 3), waits('b', 2), waits('c', 1, { skill: 'x' })];
  assert.equal(nextMatch(some, [agent('one')])?.sessionId, 'b');
  assert.equal(nextMatch(some, [agent('one', { skills: ['x'] })])?.sessionId, 'c');
  assert.equal(nextMatch([...some, waits('d', 9, { place: 0 })], [agent('one')])?.sessionId, 'd');
  assert.equal(nextMatch([waits('a', 1, { skill: 'x' })], [agent('one')]), undefined);
  assert.equal(nextMatch([], [agent('one')]), undefined);
});

test('the agent with the fewest customers gets the next one, of equals the longest idle', () => {
  const agents = [
    agent('busy', { active: 2, idleSince: 1 }),
    agent('late', { active: 1, idleSince: 9 }),
    agent('early', { active: 1, idleSince: 5 }),
  ];
  assert.equal(nextMatch([waits('a', 1)], agents)?.agentId, 'early');
});

test('nobody is given itself', () => {
  const some = [waits('a', 1, { customerId: 'one' }), waits('b', 2)];
  assert.deepEqual(nextMatch(some, [agent('one')]), { sessionId: 'b', agentId: 'one' });
  assert.equal(nextMatch(some, [agent('one'), agent('two', { active: 1 })])?.agentId, 'two');
});
