import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AgentFacts,
  isFree,
  requireAcceptable,
  requireSeat,
  requireServedSkill,
  requireTarget,
  type Seat,
} from './desk-agents.ts';

const SEEN_AFTER = 100;
const SEAT: Seat = {
  status: 'online',
  isConnected: true,
  seenAt: 101,
  isSuspended: false,
  capacity: 2,
  active: 1,
};
const QUEUED = { customerId: 'cid', agentId: null, state: 'queued' } as const;
const SERVED = { customerId: 'cid', agentId: 'bea' };

function ada(more: Partial<Seat> = {}): AgentFacts {
  return { userId: 'ada', isAgent: true, seat: { ...SEAT, ...more } };
}

function conflict(message: string, field: string) {
  return { code: 'ECONFLICT', message, field };
}

test('an agent is free who is online, seen, may write, and has room', () => {
  const taken: Partial<Seat>[] = [
    { status: 'busy' },
    { status: 'away' },
    { isConnected: false },
    { seenAt: SEEN_AFTER },
    { isSuspended: true },
    { active: 2 },
    { capacity: 0 },
  ];
  assert.equal(isFree(SEAT, SEEN_AFTER), true);
  for (const more of taken)
    assert.equal(isFree({ ...SEAT, ...more }, SEEN_AFTER), false, JSON.stringify(more));
});

test('an agent who was never at the desk is not online, and others are no agents', () => {
  assert.equal(requireSeat({ userId: 'ada', isAgent: true, seat: SEAT }), SEAT);
  const absent = { userId: 'ada', isAgent: true, seat: undefined };
  assert.throws(() => requireSeat(absent), conflict('the agent ada is not online', 'agentId'));
  assert.throws(() => requireSeat({ ...absent, isAgent: false }), {
    code: 'ENOENT',
    field: 'agentId',
    message: 'no agent ada',
  });
});

test('an agent accepts whatever its status is, while it is connected and has room', () => {
  requireAcceptable(QUEUED, ada({ status: 'away', seenAt: 0 }));
  const refusals: [Partial<Seat>, string][] = [
    [{ isSuspended: true }, 'may only read'],
    [{ isConnected: false }, 'is not online'],
    [{ active: 2 }, 'has 2 service sessions already'],
    [{ capacity: 0 }, 'takes no service sessions: its capacity is 0'],
  ];
  for (const [more, why] of refusals) {
    assert.throws(() => requireAcceptable(QUEUED, ada(more)), conflict(`the agent ada ${why}`, 'sessionId'));
  }
  assert.throws(() => requireAcceptable(QUEUED, ada({ active: 2 })), { limit: 2 });
});

test('a session is accepted out of the queue, and by nobody whose own matter it is', () => {
  for (const state of ['active', 'closed'] as const) {
    const refused = conflict(`the service session is ${state}`, 'sessionId');
    assert.throws(() => requireAcceptable({ ...QUEUED, state }, ada()), refused);
  }
  assert.throws(
    () =>
      requireAcceptable({ ...QUEUED, customerId: 'ada' }, { userId: 'ada', isAgent: false, seat: undefined }),
    conflict('ada is the customer of the service session', 'sessionId'),
  );
});

test('a session is given to another agent who is online and has room', () => {
  requireTarget(SERVED, ada(), SEEN_AFTER);
  const field = 'agentId';
  const refused = (session: typeof SERVED, agent: AgentFacts) => () =>
    requireTarget(session, agent, SEEN_AFTER);
  assert.throws(refused({ ...SERVED, agentId: 'ada' }, ada()), {
    code: 'EINVAL',
    field,
    message: 'the agent has the service session already',
  });
  const own = conflict('ada is the customer of the service session', field);
  assert.throws(refused({ ...SERVED, customerId: 'ada' }, ada()), own);
  const absences: Partial<Seat>[] = [{ status: 'busy' }, { isConnected: false }, { seenAt: SEEN_AFTER }];
  for (const more of absences) {
    assert.throws(refused(SERVED, ada(more)), conflict('the agent ada is not online', field));
  }
  assert.throws(refused(SERVED, ada({ isSuspended: true })), conflict('the agent ada may only read', field));
  assert.throws(refused(SERVED, ada({ active: 2 })), { code: 'ECONFLICT', field, limit: 2 });
  assert.throws(refused(SERVED, { userId: 'eve', isAgent: false, seat: undefined }), {
    code: 'ENOENT',
    field,
  });
});

test('a customer waits for a skill that some agent has, or for any agent', () => {
  requireServedSkill('', false);
  requireServedSkill('tax', true);
  assert.throws(() => requireServedSkill('tax', false), {
    code: 'ENOENT',
    field: 'skill',
    message: 'no agent has the skill tax',
  });
});
