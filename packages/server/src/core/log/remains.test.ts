import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Swept } from '../ports/remains-store.ts';
import { entriesOf } from './entries-of.ts';
import { factsOfEntry, isFact } from './facts-of.ts';
import { tellingsOf } from './tellings.ts';

const SWEPT: Swept = {
  kind: 'group',
  tenant: 't',
  id: 'team',
  actorId: 'olga',
  members: ['a', 'b'],
  groups: [],
  isDone: false,
};
const BOB: Swept = { ...SWEPT, kind: 'user', id: 'bob', members: [] };

/** What is told of one write of a sweep. */
function told(swept: Swept) {
  const entries = entriesOf('sweepRemains', [500], swept);
  return entries.flatMap((entry) =>
    [...tellingsOf(entry)].map(({ how, event, topics }) => [how, event.type, topics.length]),
  );
}

/** The types of what other systems learn of an operation. */
function facts(name: string, args: readonly unknown[], result: unknown) {
  return entriesOf(name, args, result)
    .filter(isFact)
    .flatMap((entry) => [...factsOfEntry(entry, 1)].map(({ eventType }) => eventType));
}

test('each member of a group that ended is told as its row is removed, its sessions before', () => {
  assert.deepEqual(told(SWEPT), [
    ['notify', 'group.dissolved', 2],
    ['publish', 'member.removed', 1],
    ['publish', 'member.removed', 1],
  ]);
  assert.deepEqual(told({ ...SWEPT, members: [], isDone: true }), []);
  assert.deepEqual(entriesOf('sweepRemains', [500], undefined), []);
});

test('other systems learn once that a group ended, however many members it had', () => {
  const args = ['t', 'team', 1, { userId: 'olga', isManager: false }];
  assert.deepEqual(facts('deleteGroup', args, SWEPT), ['business.group.updated']);
  assert.deepEqual(facts('sweepRemains', [500], SWEPT), []);
});

test('groups that a deleted user has left are told, and other systems of each', () => {
  const groups = [{ conversationId: 'team', changed: [{ userId: 'b', role: 'owner' as const }] }];
  assert.deepEqual(told({ ...BOB, groups }), [
    ['publish', 'member.removed', 2],
    ['publish', 'member.changed', 1],
  ]);
  assert.deepEqual(facts('sweepRemains', [500], { ...BOB, groups }), [
    'business.group.member.left',
    'business.group.updated',
  ]);
});

test('who was in a room that ended is told that it is out, and what waited for a webhook concerns nobody', () => {
  assert.deepEqual(told({ ...SWEPT, kind: 'room' }), [
    ['publish', 'member.removed', 2],
    ['publish', 'member.removed', 2],
  ]);
  assert.deepEqual(told({ ...SWEPT, kind: 'webhook' }), []);
});
