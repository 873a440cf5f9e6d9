import type { Message, SeqRange } from '../core/model.ts';
import { extend, revisionsOf } from './coverage.ts';
import type { FanOutItem } from './fan-out.ts';

/** A message told to a session, in the form it was told in. */
export interface Told {
  readonly message: Message;
  /** Revisions that the user knows with it. */
  readonly revisions?: SeqRange;
}

/** Beyond it the oldest are forgotten. */
const MAX_UNCONFIRMED = 5000;

/**
 * What one session was told and its client has not confirmed yet, in the order of telling. The client names a message
 * by its client id only, so each confirmation counts for the oldest that bears it: of two senders who chose the same one,
 * or of a message and its changed form, nothing counts that the client may not have seen.
 */
export class Unconfirmed {
  #told: Told[] = [];
  #hasForgotten = false;

  add(items: readonly FanOutItem[]): void {
    for (const item of items) {
      const { event } = item;
      if (event.type !== 'message.created' && event.type !== 'message.changed') continue;
      const revisions = revisionsOf(item);
      this.#told.push({ message: event.message, ...(revisions ? { revisions } : {}) });
    }
    if (this.#told.length <= MAX_UNCONFIRMED) return;
    this.#told = this.#told.slice(-MAX_UNCONFIRMED);
    this.#hasForgotten = true;
  }

  /**
   * Takes what a confirmation is of; undefined where nothing is known of it. Revisions come with the last message that
   * had to be confirmed for them, and not any more once messages were forgotten.
   */
  take(clientId: string): Told | undefined {
    const index = this.#told.findIndex(({ message }) => message.clientId === clientId);
    const [taken] = index === -1 ? [] : this.#told.splice(index, 1);
    if (!taken?.revisions) return taken;
    const { message, revisions } = taken;
    const isKnown = this.#settle(message.conversationId, revisions, index - 1);
    return isKnown ? taken : { message };
  }

  /**
   * Whether the user knows the revisions of a conversation now; else it does once what it was told there before is
   * confirmed.
   */
  knows(conversationId: string, revisions: SeqRange): boolean {
    return this.#settle(conversationId, revisions, this.#told.length - 1);
  }

  /** Leaves the revisions to the last message of the conversation up to this index; true where there is none. */
  #settle(conversationId: string, revisions: SeqRange, upTo: number): boolean {
    if (this.#hasForgotten) return false;
    for (let index = upTo; index >= 0; index--) {
      const told = this.#told[index] as Told;
      if (told.message.conversationId !== conversationId) continue;
      this.#told[index] = { ...told, revisions: extend(told.revisions, revisions) };
      return false;
    }
    return true;
  }
}
