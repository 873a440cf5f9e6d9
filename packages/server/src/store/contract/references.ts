import assert from 'node:assert/strict';
import { test } from 'node:test';
import { singleConversationId } from '../../core/conversations.ts';
import { newMessage, recall, type StoreFixture, toUser } from './fixture.ts';

/** Quotes and forwards, hidden messages, pins. */
export function referencesContract({ store, tenantWith, send, pendingTexts }: StoreFixture): void {
  test('a quote and a forward keep their origin, which shows as recalled once it is', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    const original = await send(tenant, 'alice', toUser('bob'), 'the original');
    const refer = (senderId: string, to: string, kind: 'quote' | 'forward', ref: string) =>
      store.appendMessage({
        ...newMessage(tenant, senderId, toUser(to), 'look'),
        reference: { kind, ref, reason: 'why' },
      });
    const { message: quote } = await refer('bob', 'alice', 'quote', original.clientId);
    const reference = {
      kind: 'quote',
      messageId: original.id,
      senderId: 'alice',
      text: 'the original',
      isRecalled: false,
      reason: 'why',
    };
    assert.deepEqual(quote.reference, reference);
    const { message: forward } = await refer('bob', 'carol', 'forward', original.id);
    assert.deepEqual(forward.reference, { ...reference, kind: 'forward' });
    const [stored] = await store.listMessages({
      tenant,
      conversationId: forward.conversationId,
      viewerId: 'carol',
      limit: 1,
    });
    assert.deepEqual(stored, forward);
    await assert.rejects(refer('carol', 'bob', 'quote', original.id), {
      code: 'ENOENT',
      field: 'reference',
    });
    await store.changeMessage(recall(original));
    await assert.rejects(refer('bob', 'alice', 'quote', original.id), {
      code: 'ECONFLICT',
      field: 'reference',
    });
    assert.equal(
      (await send(tenant, 'bob', toUser('alice'), 'next')).seq,
      3,
      'a refused one takes no sequence',
    );
    const view = await store.findMessage({ tenant, ref: quote.id, viewerId: 'alice', prefer: 'own' });
    assert.deepEqual(view?.message.reference, { ...reference, text: '', isRecalled: true });
  });

  test("a hidden message is out of one user's sight and stays in the others'", async () => {
    const tenant = await tenantWith('alice', 'bob');
    const one = await send(tenant, 'alice', toUser('bob'), 'one');
    await send(tenant, 'alice', toUser('bob'), 'two');
    const { conversationId } = one;
    assert.equal(await store.hideMessage(tenant, conversationId, 1, 'bob'), true);
    assert.equal(await store.hideMessage(tenant, conversationId, 1, 'bob'), false);
    const texts = async (viewerId: string) =>
      (await store.listMessages({ tenant, conversationId, viewerId, limit: 9 })).map(
        ({ content }) => content.text,
      );
    assert.deepEqual(await texts('bob'), ['two']);
    assert.deepEqual(await texts('alice'), ['one', 'two']);
    assert.deepEqual(await store.listHidden(tenant, conversationId, 'bob'), [one.id]);
    assert.deepEqual(await store.listHidden(tenant, conversationId, 'alice'), []);
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['two']);
    assert.equal(
      (await store.findMessage({ tenant, ref: one.id, viewerId: 'bob', prefer: 'own' }))?.isHidden,
      true,
    );
    assert.equal(
      (await store.findMessage({ tenant, ref: one.id, viewerId: 'alice', prefer: 'own' }))?.isHidden,
      false,
    );
    await store.changeMessage(recall(one));
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['two']);
  });

  test("pins are one's own or everyone's, the newest first, without what was hidden", async () => {
    const tenant = await tenantWith('alice', 'bob');
    for (const text of ['one', 'two', 'three']) await send(tenant, 'alice', toUser('bob'), text);
    const conversationId = singleConversationId('alice', 'bob');
    const pin = (seq: number, userId: string, scope: 'everyone' | 'self', at: number) => ({
      tenant,
      conversationId,
      seq,
      userId,
      scope,
      at,
    });
    assert.equal((await store.pinMessage(pin(1, 'alice', 'everyone', 5))).isNew, true);
    assert.equal((await store.pinMessage(pin(1, 'bob', 'everyone', 6))).isNew, false);
    await store.pinMessage(pin(2, 'alice', 'self', 7));
    await store.pinMessage(pin(3, 'bob', 'self', 8));
    const pinned = async (userId: string) =>
      (await store.listPins({ tenant, conversationId, userId })).map(
        ({ message, scope, pinnedBy, pinnedAt }) =>
          `${message.content.text} ${scope} ${pinnedBy} ${pinnedAt}`,
      );
    assert.deepEqual(await pinned('alice'), ['two self alice 7', 'one everyone alice 5']);
    assert.deepEqual(await pinned('bob'), ['three self bob 8', 'one everyone alice 5']);
    assert.equal((await store.listPins({ tenant, userId: 'bob' })).length, 2);
    assert.deepEqual(await store.listPins({ tenant, userId: 'nobody' }), []);
    await store.hideMessage(tenant, conversationId, 1, 'bob');
    assert.deepEqual(await pinned('bob'), ['three self bob 8']);
    assert.equal((await store.unpinMessage(pin(1, 'bob', 'everyone', 9))).isNew, true);
    assert.equal((await store.unpinMessage(pin(1, 'bob', 'everyone', 9))).isNew, false);
    assert.deepEqual(await pinned('alice'), ['two self alice 7']);
  });
}
