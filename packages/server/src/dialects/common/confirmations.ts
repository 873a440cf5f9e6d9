import type { Core } from '../../core/index.ts';
import type { Principal } from '../../core/model.ts';
import type { FanOutItem } from '../../hub/fan-out.ts';
import { Unconfirmed } from '../../hub/unconfirmed.ts';

/** What a client says it has, of what its session was told, becomes delivered positions. */
export class Confirmations {
  readonly #core: Core;
  readonly #principal: Principal;
  readonly #unconfirmed = new Unconfirmed();
  readonly #running = new Set<Promise<void>>();

  constructor(core: Core, principal: Principal) {
    this.#core = core;
    this.#principal = principal;
  }

  told(items: readonly FanOutItem[]): void {
    this.#unconfirmed.add(items);
  }

  /**
   * Resolves once the confirmation is stored. ENOENT, also for a message of others; EPERM for the user's own.
   *
   * @param replayed resolves once no sync of the session is under way
   */
  confirm(clientId: string, replayed: Promise<void>): Promise<void> {
    const running = this.#confirm(clientId, replayed);
    this.#running.add(running);
    const ended = () => this.#running.delete(running);
    running.then(ended, ended);
    return running;
  }

  /** Resolves once none is on its way to the store. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  async #confirm(clientId: string, replayed: Promise<void>): Promise<void> {
    const told = this.#unconfirmed.take(clientId);
    if (!told) {
      // It came to an earlier session of the user. A sync that reads meanwhile would take a message that changed for known
      // before, and then for delivered, and tell neither.
      await replayed;
      return this.#core.messages.received(this.#principal, clientId);
    }
    const { message, revisions } = told;
    const { tenant, userId } = this.#principal;
    const { conversationId, senderId, seq } = message;
    const isOwn = senderId === userId;
    const ranges = isOwn ? [] : [{ from: seq, to: seq }];
    await this.#core.receipts.report({
      tenant,
      conversationId,
      kind: 'delivered',
      messages: isOwn ? [] : [message],
      users: [{ userId, ranges, revisions }],
    });
  }
}
