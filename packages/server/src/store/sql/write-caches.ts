import { singleConversationId } from '../../core/conversations.ts';
import type { Acknowledgement, NewMessage } from '../../core/ports/store.ts';
import type { OperationCall } from './calls.ts';
import { ConversationCache } from './conversation-cache.ts';
import type { ConversationTable } from './conversations.ts';
import { MessageInserts } from './message-inserts.ts';
import type { Numbers } from './numbers.ts';
import { PartyTable } from './parties.ts';
import { PositionTable } from './positions.ts';
import { RepeatTable } from './repeats.ts';
import type { Op } from './statement.ts';
import type { Tenants } from './tenants.ts';
import { together } from './together.ts';

/** Of more users than this in one acknowledgement the positions are not looked up ahead: they move by one statement. */
const MAX_PREFETCHED_ENTRIES = 500;

export interface WriteCachesDeps {
  readonly tenants: Tenants;
  readonly conversations: ConversationTable;
  readonly numbers: Numbers;
}

/**
 * What the writes of a transaction look up and change again and again: each is read once, for all calls together where it is
 * known ahead, and written back once.
 */
export class WriteCaches {
  readonly conversations: ConversationCache;
  readonly parties = new PartyTable();
  readonly positions = new PositionTable('write');
  readonly repeats = new RepeatTable();
  readonly inserts = new MessageInserts();
  readonly numbers: Numbers;
  readonly #tenants: Tenants;

  constructor({ tenants, conversations, numbers }: WriteCachesDeps) {
    this.#tenants = tenants;
    this.conversations = new ConversationCache(conversations);
    this.numbers = numbers;
  }

  /** Looks up what appends and acknowledgements of a batch need, so that most of them need no statement of their own. */
  *prefetch(calls: readonly OperationCall[]): Op<void> {
    const appends: { tenant: number; message: NewMessage }[] = [];
    const acknowledgements: { tenant: number; command: Acknowledgement }[] = [];
    for (const { name, args } of calls) {
      if (name === 'appendMessage') {
        const message = args[0] as NewMessage;
        appends.push({ tenant: yield* this.#tenants.ensure(message.tenant), message });
      } else if (name === 'acknowledge') {
        const command = args[0] as Acknowledgement;
        acknowledgements.push({ tenant: yield* this.#tenants.ensure(command.tenant), command });
      }
    }
    if (appends.length + acknowledgements.length === 0) return;
    yield* this.#prefetchParties(appends);
    yield* together(
      this.#prefetchRepeats(appends),
      this.conversations.prefetch([
        ...appends.flatMap(({ tenant, message }) => this.#addressOf(tenant, message) ?? []),
        ...acknowledgements.map(({ tenant, command }) => ({ tenant, id: command.conversationId })),
      ]),
    );
    yield* this.#prefetchPositions(appends, acknowledgements);
  }

  /** Writes back what moved. To be called before the transaction ends. */
  *flush(): Op<void> {
    yield* this.inserts.flush();
    yield* this.conversations.flush();
    yield* this.positions.flush();
  }

  /** Forgets what others may have changed: after a rollback, after writes past the caches, and where others write, too. */
  reset(): void {
    this.inserts.reset();
    this.conversations.reset();
    this.parties.reset();
    this.positions.reset();
    this.repeats.reset();
  }

  *#prefetchParties(appends: readonly { tenant: number; message: NewMessage }[]): Op<void> {
    const ids = appends.flatMap(({ tenant, message: { senderId, target } }) =>
      target.kind === 'user'
        ? [
            { tenant, id: senderId },
            { tenant, id: target.userId },
          ]
        : [{ tenant, id: senderId }],
    );
    yield* this.parties.prefetch(ids);
  }

  *#prefetchRepeats(appends: readonly { tenant: number; message: NewMessage }[]): Op<void> {
    const keys = appends.flatMap(({ tenant, message: { senderId, clientId } }) => {
      const identity = this.parties.peek(tenant, senderId);
      return identity ? [{ tenant, clientId, person: identity.person }] : [];
    });
    yield* this.repeats.prefetch(keys);
  }

  *#prefetchPositions(
    appends: readonly { tenant: number; message: NewMessage }[],
    acknowledgements: readonly { tenant: number; command: Acknowledgement }[],
  ): Op<void> {
    const holders: { conversation: number; user: string }[] = [];
    for (const { tenant, message } of appends) {
      const address = this.#addressOf(tenant, message);
      const conversation = address && this.conversations.peek(address);
      if (conversation && !message.guest)
        holders.push({ conversation: conversation.pk, user: message.senderId });
    }
    for (const { tenant, command } of acknowledgements) {
      const conversation = this.conversations.peek({ tenant, id: command.conversationId });
      if (!conversation || command.entries.length > MAX_PREFETCHED_ENTRIES) continue;
      for (const { userId } of command.entries) holders.push({ conversation: conversation.pk, user: userId });
    }
    yield* this.positions.prefetch(holders);
  }

  /** Where a message goes, as far as that is known. */
  #addressOf(tenant: number, { senderId, target }: NewMessage): { tenant: number; id: string } | undefined {
    if (target.kind === 'conversation') return { tenant, id: target.conversationId };
    if (target.kind === 'service') return { tenant, id: target.sessionId };
    if (target.kind !== 'user') return undefined;
    const [sender, peer] = [this.parties.peek(tenant, senderId), this.parties.peek(tenant, target.userId)];
    return sender && peer && { tenant, id: singleConversationId(sender.person, peer.person) };
  }
}
