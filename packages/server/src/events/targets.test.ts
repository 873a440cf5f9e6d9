import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Webhook } from '../core/ports/event-store.ts';
import { BUS, Targets } from './targets.ts';

function webhook(id: string, events: string[], tenant = 'a'): Webhook {
  return { tenant, id, url: 'https://example.org', events, secret: '', createdBy: '', createdAt: 0 };
}

test('a webhook gets the types it names, those below its prefixes, or all, of its own tenant', () => {
  const targets = new Targets(false);
  assert.equal(targets.isAny, false);
  targets.add(webhook('all', ['*']));
  targets.add(webhook('group', ['business.group.*']));
  targets.add(webhook('one', ['business.user.login', 'business.group.*']));
  targets.add(webhook('other', ['*'], 'b'));
  assert.deepEqual(targets.of('a', 'business.group.member.left'), ['all', 'group', 'one']);
  assert.deepEqual(targets.of('a', 'business.user.login'), ['all', 'one']);
  assert.deepEqual(targets.of('a', 'business.groups'), ['all']);
  assert.deepEqual(targets.of('c', 'business.user.login'), []);
  targets.remove({ tenant: 'a', id: 'all' });
  assert.deepEqual(targets.of('a', 'business.groups'), []);
  assert.equal(targets.isAny, true);
});

test('the message bus gets everything', () => {
  const targets = new Targets(true);
  assert.equal(targets.isAny, true);
  assert.deepEqual(targets.of('a', 'business.user.login'), [BUS]);
});
