import type { Message, SeqRange } from '../../core/model.ts';
import type { MessageTarget, NewMessage, NewUser, PendingQuery, Store } from '../../core/ports/store.ts';

/** A store, and what the tests of its contract do with it again and again. */
export type StoreFixture = ReturnType<typeof storeFixture>;

export function storeFixture(store: Store) {
  let nextTenant = 0;

  /** A tenant of its own for each test, with users of these ids. */
  async function tenantWith(...userIds: string[]): Promise<string> {
    const tenant = `tenant${nextTenant++}`;
    for (const id of userIds) await store.createUser(newUser(tenant, id));
    return tenant;
  }

  async function send(
    tenant: string,
    senderId: string,
    target: MessageTarget,
    text: string,
  ): Promise<Message> {
    return (await store.appendMessage(newMessage(tenant, senderId, target, text))).message;
  }

  async function makeGroup(tenant: string, id: string, userIds: string[]): Promise<void> {
    const members = userIds.map((userId, i) => ({
      userId,
      role: i === 0 ? ('owner' as const) : ('member' as const),
    }));
    await store.createGroup({ tenant, id, name: `Group ${id}`, members, createdAt: 1 });
  }

  async function pending(query: Omit<PendingQuery, 'limit'>, limit = 2): Promise<Message[]> {
    const messages: Message[] = [];
    for (let page = await store.listPending({ ...query, limit }); ; ) {
      messages.push(...page.messages);
      if (!page.next) return messages;
      page = await store.listPending({ ...query, limit, cursor: page.next });
    }
  }

  async function pendingTexts(query: Omit<PendingQuery, 'limit'>): Promise<string[]> {
    return (await pending(query)).map(({ content, state }) => (state === 'normal' ? content.text : state));
  }

  function acknowledge(tenant: string, conversationId: string, userId: string, ...ranges: SeqRange[]) {
    return store.acknowledge({ tenant, conversationId, kind: 'delivered', entries: [{ userId, ranges }] });
  }

  return { store, tenantWith, send, makeGroup, pending, pendingTexts, acknowledge };
}

/** What the user is a member of, as its sessions find it: all pages, by id. */
export async function membershipsOf(store: Store, tenant: string, userId: string): Promise<string[]> {
  const query = { tenant, userId, limit: 2 };
  const ids: string[] = [];
  for (let page = await store.listMemberships(query); ; ) {
    ids.push(...page.conversationIds);
    if (page.next === undefined) return ids.sort();
    page = await store.listFurtherMemberships({ ...query, after: page.next });
  }
}

let nextMessage = 0;

export function newUser(tenant: string, id: string): NewUser {
  return {
    tenant,
    id,
    username: id,
    nickname: id.toUpperCase(),
    role: 'user',
    passwordHash: `hash of ${id}`,
    createdAt: 1,
  };
}

export function newMessage(
  tenant: string,
  senderId: string,
  target: MessageTarget,
  text: string,
): NewMessage {
  const id = `message-${nextMessage++}`;
  return {
    tenant,
    id,
    clientId: `client-${id}`,
    senderId,
    target,
    content: { type: 'text', text, extra: null },
    source: 'test',
    deviceId: 'a phone',
    createdAt: 5,
  };
}

export function toUser(userId: string): MessageTarget {
  return { kind: 'user', userId };
}

export function toGroup(conversationId: string): MessageTarget {
  return { kind: 'conversation', conversationId };
}

export function toService(sessionId: string): MessageTarget {
  return { kind: 'service', sessionId };
}

export function recall({ tenant, conversationId, seq, senderId }: Message) {
  const change = { state: 'recalled' as const, content: null, reason: 'a slip', at: 9 };
  return { tenant, conversationId, seq, actorId: senderId, ...change };
}
