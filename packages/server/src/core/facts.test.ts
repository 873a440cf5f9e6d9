import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceSession } from '../core/desk/model.ts';
import type { AttendanceChanged, ServiceChanged } from '../core/events.ts';
import { factsOf } from './facts.ts';

const NOW = 1000;

const SESSION: ServiceSession = {
  tenant: 't',
  id: 's1',
  customerId: 'alice',
  agentId: null,
  state: 'queued',
  skill: 'billing',
  openedAt: 0,
  assignedAt: null,
  answeredAt: null,
  closedAt: null,
  closedBy: null,
  closeReason: null,
  agentName: null,
  isCustomerConnected: true,
  absentSince: null,
  rating: null,
};

function changed(change: ServiceChanged['change'], session: Partial<ServiceSession> = {}): ServiceChanged {
  return { type: 'service.changed', change, session: { ...SESSION, ...session }, formerAgentId: null };
}

function attendance(type: AttendanceChanged['type'], kind: 'room' | 'group'): AttendanceChanged {
  const room = {
    tenant: 't',
    id: 'E00001',
    kind,
    name: '',
    avatar: '',
    history: 'since_join' as const,
    memberCount: 1,
    lastSeq: 0,
    revision: 0,
    uid: -1,
    createdAt: 0,
    description: '',
    isOpen: true,
    owner: null,
  };
  const profile = { name: '张三', number: '', nickname: '', avatar: '' };
  return { type, tenant: 't', room, person: { id: 'alice', profile }, turn: 1 };
}

for (const [type, status, eventType, time] of [
  ['user.login', 'online', 'business.user.login', 'loginTime'],
  ['user.logout', 'offline', 'business.user.logout', 'logoutTime'],
] as const) {
  test(`a user who is ${status} has another status, beside the ${eventType}`, () => {
    const user = { tenant: 't', userId: 'alice', at: NOW } as const;
    const [session] = factsOf({ type, ...user }, NOW);
    const at = '1970-01-01T00:00:01.000Z';
    assert.deepEqual([session?.eventType, session?.fields[time]], [eventType, at]);
    assert.deepEqual(factsOf({ type: 'user.status', ...user, status }, NOW), [
      {
        tenant: 't',
        eventType: 'business.user.status.changed',
        fields: { userId: 'alice', status, timestamp: at },
      },
    ]);
  });
}

test('a service session is a conversation that is created, and updated until it is rated', () => {
  const service = {
    conversationId: 's1',
    conversationType: 'service',
    customerId: 'alice',
    skill: 'billing',
  };
  assert.deepEqual(factsOf(changed('opened'), NOW), [
    {
      tenant: 't',
      eventType: 'business.conversation.created',
      fields: {
        ...service,
        agentId: null,
        state: 'queued',
        creatorId: 'alice',
        memberIds: ['alice'],
        createTime: '1970-01-01T00:00:00.000Z',
      },
    },
  ]);
  const rating = { score: 5, comment: '', at: NOW };
  assert.deepEqual(factsOf(changed('rated', { state: 'closed', agentId: 'agent1', rating }), NOW), [
    {
      tenant: 't',
      eventType: 'business.conversation.updated',
      fields: {
        ...service,
        agentId: 'agent1',
        state: 'closed',
        updateType: 'service_rated',
        timestamp: '1970-01-01T00:00:01.000Z',
        score: 5,
      },
    },
  ]);
});

test('a new role of a member is an update of its group', () => {
  const change = {
    tenant: 't',
    conversationId: 'c',
    userId: 'bob',
    role: 'admin',
    actorId: 'alice',
  } as const;
  const [fact] = factsOf({ type: 'member.changed', ...change }, NOW);
  const { timestamp: _at, ...fields } = fact?.fields ?? {};
  assert.equal(fact?.eventType, 'business.group.updated');
  assert.deepEqual(fields, {
    groupId: 'c',
    updateType: 'member_role_changed',
    memberId: 'bob',
    memberRole: 'admin',
    operatorId: 'alice',
    updatedBy: 'alice',
  });
});

test('members of a group, of a service session and of a room are told as what they are of', () => {
  const member = { tenant: 't', conversationId: 'c', userId: 'bob', actorId: 'alice' };
  const added = { ...member, type: 'member.added', role: 'member' } as const;
  const removed = { ...member, type: 'member.removed' } as const;
  const told = [
    factsOf({ ...added, kind: 'group' }, NOW),
    factsOf({ ...removed, kind: 'group' }, NOW),
    factsOf({ ...added, kind: 'service' }, NOW),
    factsOf({ ...removed, kind: 'service' }, NOW),
    factsOf({ ...added, kind: 'room' }, NOW),
  ].map(
    ([fact]) =>
      fact && [fact.eventType, fact.fields.groupId ?? fact.fields.conversationId, fact.fields.operatorId],
  );
  assert.deepEqual(told, [
    ['business.group.member.joined', 'c', 'alice'],
    ['business.group.member.left', 'c', 'alice'],
    ['business.conversation.member.added', 'c', 'alice'],
    ['business.conversation.member.removed', 'c', 'alice'],
    undefined,
  ]);
});

test('who comes into a room is added to it, and who leaves is removed; at a group it is no news', () => {
  const [joined] = factsOf(attendance('attendance.joined', 'room'), NOW);
  assert.equal(joined?.eventType, 'business.conversation.member.added');
  assert.deepEqual(joined.fields, {
    conversationId: 'E00001',
    conversationType: 'room',
    memberId: 'alice',
    memberName: '张三',
    timestamp: '1970-01-01T00:00:01.000Z',
  });
  const [left] = factsOf(attendance('attendance.left', 'room'), NOW);
  assert.equal(left?.eventType, 'business.conversation.member.removed');
  assert.deepEqual(factsOf(attendance('attendance.joined', 'group'), NOW), []);
});
