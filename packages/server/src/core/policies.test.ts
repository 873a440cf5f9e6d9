import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatPermission, ChatSettings } from './chat-settings.ts';
import { DomainError } from './errors.ts';
import { guestPrincipal } from './guests.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { Policies, requireWriter } from './policies.ts';

const alice = { tenant: 'default', userId: 'alice', role: 'user', name: 'Alice' } as const;
const bob = { ...alice, userId: 'bob' };
const act = { tenant: 'default', id: '1', actorId: 'admin', reason: 'why', at: 1 };

class FakeStore {
  settings: Partial<ChatSettings> = {};
  permission: ChatPermission = 'full_access';
  isDown = false;
  readonly calls: string[] = [];

  async findChatSettings(tenant: string): Promise<Partial<ChatSettings>> {
    this.#take(`settings ${tenant}`);
    return this.settings;
  }

  async findChatPermission(tenant: string, userId: string): Promise<ChatPermission> {
    this.#take(`permission ${tenant}/${userId}`);
    return this.permission;
  }

  #take(call: string): void {
    this.calls.push(call);
    if (this.isDown) throw new DomainError('EINTERNAL', 'the store is out of reach');
  }
}

function setUp() {
  const store = new FakeStore();
  return { store, policies: new Policies({ store, limits: DEFAULT_LIMITS }) };
}

test("the server's limits count where a tenant set none, and its own where it did", async () => {
  const { store, policies } = setUp();
  assert.equal((await policies.of(alice)).limits.maxTextLength, DEFAULT_LIMITS.maxTextLength);
  store.settings = { maxMessageLength: 7 };
  const { limits } = await policies.of({ ...alice, tenant: 'other' });
  assert.deepEqual(limits, { ...DEFAULT_LIMITS, maxTextLength: 7 });
  assert.deepEqual(await policies.chatSettings('other'), { maxMessageLength: 7, fileUploadLimit: 10 });
});

test('nothing is read nor kept of a guest, whatever it calls itself', async () => {
  const { store, policies } = setUp();
  await policies.of(alice);
  store.calls.length = 0;
  const profile = { name: '', number: '', nickname: '', avatar: '' };
  for (const id of ['g1', 'g2']) {
    const policy = policies.of(guestPrincipal('default', id, profile));
    assert.ok(!(policy instanceof Promise));
    assert.equal(policy.permission, 'full_access');
  }
  assert.deepEqual(store.calls, []);
});

test('no store is read for what is known, until an event says that it changed', async () => {
  const { store, policies } = setUp();
  await policies.of(alice);
  await policies.of(bob);
  assert.equal(policies.of(alice) instanceof Promise, false);
  assert.deepEqual(store.calls, ['settings default', 'permission default/alice', 'permission default/bob']);
  store.calls.length = 0;
  store.settings = { maxMessageLength: 7 };
  store.permission = 'read_only';
  const values = { old: policies.defaults, new: policies.defaults };
  policies.heard({ ...act, ...values, type: 'settings.changed', configType: 'chat_settings' });
  assert.equal((await policies.of(alice)).limits.maxTextLength, 7);
  assert.equal((await policies.of(alice)).permission, 'full_access');
  policies.heard({
    ...act,
    type: 'permission.changed',
    permissionType: 'chat_permission',
    userId: 'alice',
    old: 'full_access',
    new: 'read_only',
  });
  assert.equal((await policies.of(alice)).permission, 'read_only');
  assert.equal((await policies.of(bob)).permission, 'full_access');
  assert.deepEqual(store.calls, ['settings default', 'permission default/alice']);
});

test('who gets the id of a deleted user does not get its permission', async () => {
  const { store, policies } = setUp();
  store.permission = 'read_only';
  await policies.of(alice);
  store.permission = 'full_access';
  policies.heard({ type: 'user.deleted', tenant: 'default', userId: 'alice' });
  assert.equal((await policies.of(alice)).permission, 'full_access');
});

test('nothing is permitted while a policy can not be read, and it is read as soon as it can', async () => {
  const { store, policies } = setUp();
  store.isDown = true;
  await assert.rejects(async () => policies.of(alice), { code: 'EINTERNAL' });
  store.isDown = false;
  assert.equal((await policies.of(alice)).permission, 'full_access');
});

test('one who may only read is no writer', () => {
  requireWriter({ limits: DEFAULT_LIMITS, permission: 'full_access' });
  assert.throws(() => requireWriter({ limits: DEFAULT_LIMITS, permission: 'read_only' }), {
    code: 'EPERM',
    message: /you may only read/,
  });
});
