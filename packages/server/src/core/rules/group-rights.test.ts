import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEMBER_ROLES, type Member, type MemberRole } from '../model.ts';
import {
  type GroupAct,
  mayAct,
  requireOwnerLeft,
  requireStepDown,
  type Standing,
  successorOf,
} from './group-rights.ts';

const STANDINGS: readonly Standing[] = ['manager', 'owner', 'admin', 'member'];

function whoMay(act: GroupAct): string {
  return STANDINGS.filter((standing) => mayAct(standing, act)).join(' ');
}

test('owners and admins change a group and add members, only owners dissolve it, hand it over and add admins', () => {
  assert.equal(whoMay({ kind: 'update' }), 'manager owner admin');
  assert.equal(whoMay({ kind: 'add', role: 'member' }), 'manager owner admin');
  assert.equal(whoMay({ kind: 'add', role: 'admin' }), 'manager owner');
  assert.equal(whoMay({ kind: 'add', role: 'owner' }), 'manager owner');
  assert.equal(whoMay({ kind: 'dissolve' }), 'manager owner');
  assert.equal(whoMay({ kind: 'hand-over' }), 'manager owner');
});

test('nobody but a manager removes or demotes its equal or better, and admins give no roles', () => {
  assert.equal(whoMay({ kind: 'remove', role: 'member' }), 'manager owner admin');
  assert.equal(whoMay({ kind: 'remove', role: 'admin' }), 'manager owner');
  assert.equal(whoMay({ kind: 'remove', role: 'owner' }), 'manager');
  for (const to of MEMBER_ROLES) {
    assert.equal(whoMay({ kind: 'set-role', from: 'member', to }), 'manager owner');
    assert.equal(whoMay({ kind: 'set-role', from: 'admin', to }), 'manager owner');
    assert.equal(whoMay({ kind: 'set-role', from: 'owner', to }), 'manager');
  }
});

test('a member may step down and not up, and the last owner not at all', () => {
  requireStepDown('owner', 'admin');
  requireStepDown('admin', 'member');
  assert.throws(() => requireStepDown('member', 'admin'), { code: 'EPERM' });
  assert.throws(() => requireStepDown('admin', 'owner'), { code: 'EPERM' });
  requireOwnerLeft('owner', 'admin', 2);
  requireOwnerLeft('admin', 'member', 1);
  requireOwnerLeft('owner', 'owner', 1);
  assert.throws(() => requireOwnerLeft('owner', 'admin', 1), { code: 'ECONFLICT', field: 'role' });
});

test('who follows an owner is the longest-standing admin, else the longest-standing member, else nobody', () => {
  const member = (userId: string, role: MemberRole, joinedAt: number): Member => ({
    userId,
    role,
    joinedAt,
    deliveredSeq: 0,
    readSeq: 0,
  });
  const members = [member('d', 'member', 1), member('c', 'member', 1), member('e', 'member', 0)];
  assert.equal(successorOf([...members, member('b', 'admin', 9), member('a', 'admin', 8)])?.userId, 'a');
  assert.equal(successorOf(members)?.userId, 'e');
  assert.equal(successorOf(members.slice(0, 2))?.userId, 'c', 'the lower id where they came together');
  assert.equal(successorOf([]), undefined);
});
