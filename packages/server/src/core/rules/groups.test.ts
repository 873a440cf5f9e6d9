import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decideHandOver,
  type RemovalFacts,
  type RoleChangeFacts,
  requireGroup,
  requireGroupSize,
  requireMember,
  requireRemoval,
  requireRoleChange,
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

test('members step down by themselves, roles are given by owners, and a group keeps one of them', () => {
  const down: RoleChangeFacts = { from: 'admin', to: 'member', isActor: true, owners: 1 };
  requireRoleChange('admin', down);
  requireRoleChange('owner', { ...down, isActor: false });
  assert.throws(() => requireRoleChange('admin', { ...down, isActor: false }), { code: 'EPERM' });
  assert.throws(() => requireRoleChange('member', { ...down, from: 'member', to: 'admin' }), {
    code: 'EPERM',
  });
  const up: RoleChangeFacts = { from: 'member', to: 'owner', isActor: true, owners: 1 };
  requireRoleChange('manager', up);
  const last: RoleChangeFacts = { from: 'owner', to: 'admin', isActor: true, owners: 1 };
  requireRoleChange('owner', { ...last, owners: 2 });
  for (const standing of ['owner', 'manager'] as const) {
    assert.throws(() => requireRoleChange(standing, last), { code: 'ECONFLICT', field: 'role' });
  }
});

test('who hands a group over becomes an admin, and all owners do where a manager does it', () => {
  const [bob, owner] = [
    { userId: 'bob', role: 'member' } as const,
    { userId: 'bob', role: 'owner' } as const,
  ];
  const ann = { userId: 'ann', isManager: false };
  const former = (userId: string) => ({ userId, role: 'admin' });
  assert.deepEqual(decideHandOver(bob, ['ann', 'carl'], ann), [owner, former('ann')]);
  assert.deepEqual(decideHandOver(owner, ['ann', 'bob'], ann), [former('ann')]);
  assert.deepEqual(decideHandOver(owner, ['bob'], { ...ann, userId: 'bob' }), []);
  const boss = { userId: 'boss', isManager: true };
  for (const by of [boss, undefined]) {
    assert.deepEqual(decideHandOver(bob, ['ann', 'carl'], by), [owner, former('ann'), former('carl')]);
  }
});
