import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFact } from './facts-of.ts';
import type { LogEntry } from './log-entry.ts';

const OF = { tenant: 't', conversationId: 'c', actorId: 'olga' };
const BOB = { userId: 'bob', role: 'member' } as const;
const LEFT = [{ conversationId: 'c', changed: [] }];

const FACTS: [string, LogEntry][] = [
  ['a new member of a group', { type: 'members-added', kind: 'group', members: [BOB], ...OF }],
  ['one who left it', { type: 'member-removed', kind: 'group', userId: 'bob', ...OF }],
  ['the end of a group', { type: 'group-dissolved', members: ['bob'], ...OF }],
  ['a deleted user who was in a group', { type: 'user-deleted', userId: 'bob', groups: LEFT, ...OF }],
];
const INTERNAL: [string, LogEntry][] = [
  ['who comes into a room', { type: 'members-added', kind: 'room', members: [BOB], ...OF }],
  ['who leaves it', { type: 'member-removed', kind: 'room', userId: 'bob', ...OF }],
  ['the end of a room', { type: 'room-closed', members: ['bob'], ...OF }],
  ['each one who was in what ended', { type: 'members-out', kind: 'group', members: ['bob'], ...OF }],
  ['each one who was in a room', { type: 'members-out', kind: 'room', members: ['bob'], ...OF }],
  ['a deleted user who was in no group', { type: 'user-deleted', userId: 'bob', groups: [], ...OF }],
];

for (const [name, entry] of FACTS) {
  test(`other systems learn of ${name}`, () => assert.equal(isFact(entry), true));
}
for (const [name, entry] of INTERNAL) {
  test(`other systems do not learn of ${name} from the log`, () => assert.equal(isFact(entry), false));
}
