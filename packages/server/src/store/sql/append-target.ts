import { singleConversationId } from '../../core/conversations.ts';
import type { ServiceSession } from '../../core/desk/model.ts';
import type { MessageTarget, NewMember, NewMessage } from '../../core/ports/store.ts';
import { noServiceSession, noTarget, noUid, requireSender } from '../../core/rules/append.ts';
import type { ConversationRow } from './conversation-row.ts';
import type { ConversationTable } from './conversations.ts';
import { toService } from './desk-rows.ts';
import type { ServiceTable } from './desk-sessions.ts';
import type { RepeatRow } from './repeats.ts';
import type { Op } from './statement.ts';
import type { UserTable } from './users.ts';
import type { WriteCaches } from './write-caches.ts';

type NamedTarget = Exclude<MessageTarget, { kind: 'uid' }>;

/** A message whose target and sender were looked up. */
export interface NamedMessage extends NewMessage {
  readonly target: NamedTarget;
  /** Of its sender. */
  readonly person: string;
  /** Its sender is a user no more. */
  readonly isDeleted: boolean;
}

export interface Destination {
  readonly conversation: ConversationRow;
  /** Where it was made just now. */
  readonly joined?: readonly NewMember[];
  readonly opened?: ServiceSession;
}

export interface TargetDeps {
  readonly users: UserTable;
  readonly conversations: ConversationTable;
  readonly services: ServiceTable;
  readonly caches: WriteCaches;
}

/** SQL that finds, or makes, the conversation that a new message goes to. */
export class TargetTable {
  readonly #deps: TargetDeps;

  constructor(deps: TargetDeps) {
    this.#deps = deps;
  }

  /** A target that is given by its uid, by its id. ENOENT. */
  *named(tenant: number, target: MessageTarget): Op<NamedTarget> {
    const { users, conversations } = this.#deps;
    // Part of a single chat's id, it may name a person of a later generation by its key.
    if (target.kind === 'user')
      return { kind: 'user', userId: yield* users.addressOf(tenant, target.userId) };
    if (target.kind !== 'uid') return target;
    const { uid } = target;
    if (!Number.isSafeInteger(uid)) throw noUid(uid);
    const conversationId = uid < 0 ? yield* conversations.idOf(tenant, uid) : undefined;
    if (conversationId !== undefined) return { kind: 'conversation', conversationId };
    const userId = yield* users.idOf(tenant, uid);
    if (userId === undefined) throw noUid(uid);
    return { kind: 'user', userId };
  }

  /** ENOENT where there is no such conversation and none can be made; EPERM where the sender may not make one. */
  *find(tenant: number, message: NamedMessage): Op<Destination> {
    const { target } = message;
    switch (target.kind) {
      case 'user':
        return { conversation: yield* this.#single(tenant, message, target.userId) };
      case 'desk':
        return yield* this.#desk(tenant, message, target);
      case 'service': {
        const conversation = yield* this.existing(tenant, message);
        if (conversation?.kind !== 'service') throw noServiceSession(target.sessionId);
        return { conversation };
      }
      case 'conversation': {
        const conversation = yield* this.existing(tenant, message);
        if (!conversation) throw noTarget(target.conversationId, 'conversation');
        return { conversation };
      }
    }
  }

  /** The conversation that a message goes to, where there is one already. */
  *existing(tenant: number, message: NamedMessage): Op<ConversationRow | undefined> {
    const { target, senderId } = message;
    const { conversations } = this.#deps.caches;
    switch (target.kind) {
      case 'user':
        return yield* conversations.find(tenant, yield* this.#singleId(tenant, message, target.userId));
      case 'conversation':
        return yield* conversations.find(tenant, target.conversationId);
      case 'service':
        return yield* conversations.find(tenant, target.sessionId);
      case 'desk': {
        const open = yield* this.#deps.services.findOpen(tenant, senderId);
        return open === undefined ? undefined : yield* conversations.find(tenant, open);
      }
    }
  }

  /** Whether the message's target is where an earlier one went. */
  *isTarget(tenant: number, { cid, kind }: RepeatRow, message: NamedMessage): Op<boolean> {
    const { target } = message;
    switch (target.kind) {
      case 'user':
        return cid === (yield* this.#singleId(tenant, message, target.userId));
      case 'conversation':
        return cid === target.conversationId;
      case 'service':
        return cid === target.sessionId;
      case 'desk':
        // The session that it opened, or was in, may be closed by now.
        return kind === 'service';
    }
  }

  *#desk(
    tenant: number,
    message: NamedMessage,
    { newId, skill, node }: Extract<NamedTarget, { kind: 'desk' }>,
  ): Op<Destination> {
    const { users, services, caches } = this.#deps;
    const { tenant: tenantId, senderId, createdAt } = message;
    const known = yield* this.existing(tenant, message);
    if (known) return { conversation: known };
    requireSender(yield* users.exists(tenant, senderId));
    const service = { id: newId, customerId: senderId, skill, node: node ?? null, at: createdAt };
    const row = yield* services.open(tenant, service);
    const opened = toService(tenantId, yield* services.require(tenantId, newId));
    const conversation = caches.conversations.remember(row);
    return { conversation, joined: [{ userId: senderId, role: 'member' }], opened };
  }

  *#single(tenant: number, message: NamedMessage, peerId: string): Op<ConversationRow> {
    const { users, conversations, caches } = this.#deps;
    const { senderId, createdAt } = message;
    const participants = [...new Set([senderId, peerId])];
    const existing = yield* this.existing(tenant, message);
    if (existing?.member_count === participants.length) return existing;
    requireSender(yield* users.exists(tenant, senderId));
    for (const userId of participants) {
      if (!(yield* users.exists(tenant, userId))) throw noTarget(userId, 'user');
    }
    if (existing) return existing;
    const id = yield* this.#singleId(tenant, message, peerId);
    const members = participants.map((userId) => ({ userId, role: 'member' as const }));
    const made = yield* conversations.create(tenant, 'single', { id, name: '', members, createdAt });
    return caches.conversations.remember(made);
  }

  /** Of persons: with one who was deleted and made again under its id, the chat is another. */
  *#singleId(tenant: number, { person }: NamedMessage, peerId: string): Op<string> {
    return singleConversationId(person, (yield* this.#deps.caches.parties.identity(tenant, peerId)).person);
  }
}
