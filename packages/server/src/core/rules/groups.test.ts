import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type RemovalFacts,
  requireGroup,
  requireGroupSize,
  requireMember,
  requireRemoval,
  standingOf,
} from './groups.ts';

const BOB: RemovalFacts = { userId: 'bob', role: 'member', isActor: false, successor: undefined };

test('only a conversation of kind group is a group', () => {
  requireGroup({ kind: 'group' }, 'team');
  const refused = { code: 'ENOENT', field: 'id', message: 'no group team' };
  for (const kind of ['single', 'room', 'service'] as const) {
    assert.throws(() => requireGroup({ kind }, 'team'), refused);
  }
  assert.throws(() => requireGroup(undefined, 'team'), refused);
});

test('an actor stands in a group as manager or by its role, and a stranger does not see the group', () => {
  assert.equal(standingOf(undefined, undefined, 'team'), 'manager');
  assert.equal(standingOf({ userId: 'boss', isManager: true }, 'member', 'team'), 'manager');
  assert.equal(standingOf({ userId: 'bob', isManager: false }, 'admin', 'team'), 'admin');
  assert.throws(() => standingOf({ userId: 'eve', isManager: false }, undefined, 'team'), {
    code: 'ENOENT',
    field: 'id',
    message: 'no group team',
  });
});

test('a member is required by the argument that names it', () => {
  requireMember({}, 'bob');
  assert.throws(() => requireMember(undefined, 'bob'), {
    code: 'ENOENT',
    field: 'userId',
    message: 'bob is no member',
  });
});

test('a group grows up to its limit, and whoever is in it already takes no place', () => {
  requireGroupSize(2, 1, 3);
  requireGroupSize(5, 0, 3);
  assert.throws(() => requireGroupSize(3, 1, 3), {
    code: 'ETOOLONG',
    field: 'members',
    limit: 3,
    message: 'a group may have 3 members',
  });
});

test('members leave by themselves, others are removed by their betters only', () => {
  requireRemoval('member', { ...BOB, isActor: true });
  requireRemoval('admin', BOB);
  assert.throws(() => requireRemoval('member', BOB), { code: 'EPERM' });
  assert.throws(() => requireRemoval('admin', { ...BOB, role: 'admin' }), { code: 'EPERM' });
});

test('only an owner names a successor, who is a member and another one', () => {
  const owner: RemovalFacts = { ...BOB, role: 'owner', isActor: true };
  const field = 'successorId';
  requireRemoval('owner', { ...owner, successor: { userId: 'carol', isMember: true } });
  assert.throws(
    () =>
      requireRemoval('member', { ...owner, role: 'member', successor: { userId: 'carol', isMember: true } }),
    { code: 'EPERM', field, message: 'only an owner has a successor' },
  );
  assert.throws(() => requireRemoval('owner', { ...owner, successor: { userId: 'eve', isMember: false } }), {
    code: 'ENOENT',
    field,
    message: 'eve is no member',
  });
  assert.throws(() => requireRemoval('owner', { ...owner, successor: { userId: 'bob', isMember: true } }), {
    code: 'ENOENT',
    field,
  });
});
