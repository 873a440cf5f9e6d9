import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newUser, recall, type StoreFixture, toUser } from './fixture.ts';

/** What managers lay down, and the audit of it. */
export function adminContract({ store, tenantWith, send }: StoreFixture): void {
  test('settings count from the change on, and the audit has what they were', async () => {
    const tenant = await tenantWith('alice');
    assert.deepEqual(await store.findChatSettings(tenant), {});
    const defaults = { maxMessageLength: 2000, fileUploadLimit: 10 };
    const first = await store.changeChatSettings({
      ...act(tenant, 1),
      patch: { maxMessageLength: 5 },
      defaults,
    });
    assert.deepEqual(first, { old: defaults, new: { maxMessageLength: 5, fileUploadLimit: 10 } });
    assert.deepEqual(await store.findChatSettings(tenant), { maxMessageLength: 5 });
    await store.changeChatSettings({
      ...act(tenant, 2),
      patch: { maxMessageLength: 6, fileUploadLimit: 7 },
      defaults,
    });
    assert.deepEqual(await store.findChatSettings(tenant), { maxMessageLength: 6, fileUploadLimit: 7 });
    assert.deepEqual(await store.findChatSettings(await tenantWith('alice')), {});
    assert.deepEqual(await store.listAudit(tenant, { limit: 9 }), [
      {
        ...act(tenant, 2),
        type: 'chat_settings',
        old: { maxMessageLength: 5, fileUploadLimit: 10 },
        new: { maxMessageLength: 6, fileUploadLimit: 7 },
      },
      { ...act(tenant, 1), type: 'chat_settings', ...first },
    ]);
  });

  test('a permission is kept for a user, and goes with it', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const change = { ...act(tenant, 1), userId: 'bob', permission: 'read_only' as const };
    assert.equal(await store.changeChatPermission(change), 'full_access');
    assert.equal(await store.findChatPermission(tenant, 'bob'), 'read_only');
    assert.equal(await store.findChatPermission(tenant, 'alice'), 'full_access');
    assert.equal(await store.findChatPermission('no such tenant', 'bob'), 'full_access');
    assert.equal(await store.changeChatPermission({ ...change, ...act(tenant, 2) }), 'read_only');
    await assert.rejects(store.changeChatPermission({ ...change, ...act(tenant, 3), userId: 'nobody' }), {
      code: 'ENOENT',
      field: 'id',
    });
    await store.deleteUser(tenant, 'bob', 2);
    await store.createUser(newUser(tenant, 'bob'));
    assert.equal(await store.findChatPermission(tenant, 'bob'), 'full_access');
    assert.deepEqual(
      (await store.listAudit(tenant, { limit: 9 })).map((entry) => [
        entry.id,
        ...(entry.type === 'message' ? [] : [entry.old, entry.new]),
      ]),
      [
        [`${tenant}-2`, 'read_only', 'read_only'],
        [`${tenant}-1`, 'full_access', 'read_only'],
      ],
    );
  });

  test('what a manager takes of others is audited with the change, without what it said', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const message = await send(tenant, 'alice', toUser('bob'), 'a secret');
    const { id: messageId, conversationId } = message;
    const taken = { ...recall(message), actorId: 'boss', reason: 'why' };
    await store.changeMessage({ ...taken, auditId: `${tenant}-1` });
    await assert.rejects(store.changeMessage({ ...taken, auditId: `${tenant}-2` }), { code: 'ECONFLICT' });
    await store.changeMessage({ ...taken, state: 'deleted', at: 10, auditId: `${tenant}-3` });
    const entry = { tenant, actorId: 'boss', reason: 'why', type: 'message', messageId, conversationId };
    assert.deepEqual(await store.listAudit(tenant, { limit: 9 }), [
      { ...entry, id: `${tenant}-3`, senderId: 'alice', state: 'deleted', at: 10 },
      { ...entry, id: `${tenant}-1`, senderId: 'alice', state: 'recalled', at: 9 },
    ]);
  });

  test('the audit is read page by page, the newest first, and by its own tenant', async () => {
    const tenant = await tenantWith('alice');
    const other = await tenantWith('alice');
    for (const n of [1, 2, 3]) {
      for (const to of [tenant, other]) {
        await store.changeChatPermission({ ...act(to, n), userId: 'alice', permission: 'read_only' });
      }
    }
    const ids = async (after?: string) => {
      const page = { limit: 2, ...(after === undefined ? {} : { after }) };
      return (await store.listAudit(tenant, page)).map(({ id }) => id);
    };
    assert.deepEqual(await ids(), [`${tenant}-3`, `${tenant}-2`]);
    assert.deepEqual(await ids(`${tenant}-2`), [`${tenant}-1`]);
    assert.deepEqual(await ids(`${other}-3`), []);
    assert.deepEqual(await store.listAudit('no such tenant', { limit: 2 }), []);
  });
}

function act(tenant: string, n: number) {
  return { tenant, id: `${tenant}-${n}`, actorId: 'admin', reason: `reason ${n}`, at: n };
}
