import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideNewRoom, requireRoom } from './rooms.ts';

const FREE = { isIdTaken: false, isOwnerUser: false };
const PROFILE = { number: '0', name: 'Ann', nickname: 'Ann', avatar: '' };

test('only a conversation of kind room is a room', () => {
  requireRoom({ kind: 'room' }, 'hall');
  const refused = { code: 'ENOENT', field: 'id', message: 'no room hall' };
  assert.throws(() => requireRoom({ kind: 'group' }, 'hall'), refused);
  assert.throws(() => requireRoom(undefined, 'hall'), refused);
});

test('a room keeps the profile of a guest who owns it, and of nobody else', () => {
  const user = { id: 'alice', profile: PROFILE };
  assert.equal(decideNewRoom({ id: 'hall', owner: null }, FREE), null);
  assert.equal(decideNewRoom({ id: 'hall', owner: user }, { ...FREE, isOwnerUser: true }), null);
  assert.equal(decideNewRoom({ id: 'hall', owner: { id: 'guest:ann', profile: PROFILE } }, FREE), PROFILE);
});

test('a room is refused where its id is taken, then where its owner is nobody', () => {
  const room = { id: 'hall', owner: { id: 'nobody', profile: PROFILE } };
  assert.throws(() => decideNewRoom(room, { ...FREE, isIdTaken: true }), {
    code: 'ECONFLICT',
    field: 'id',
    message: 'the id hall is taken',
  });
  assert.throws(() => decideNewRoom(room, FREE), {
    code: 'ENOENT',
    field: 'ownerId',
    message: 'no user nobody',
  });
});
