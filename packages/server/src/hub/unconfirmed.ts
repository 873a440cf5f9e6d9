import type { SeqRange } from '../core/model.ts';
import { revisionsOf } from './coverage.ts';
import type { FanOutItem } from './fan-out.ts';
import { type MessageTrace, traceOf } from './trace.ts';

/** What a confirmation is of. */
export interface Confirmed {
  /** In the form it was told in. */
  readonly message: MessageTrace;
  /** Those that the user knows with it. */
  readonly revisions: readonly SeqRange[];
}

/** Beyond it the oldest are forgotten. A trace has some hundred bytes, whatever the message has. */
const MAX_UNCONFIRMED = 5000;

/**
 * What one session was told and its client has not confirmed yet, in the order of telling. The client names a message
 * by its client id only, so each confirmation counts for the oldest that bears it: of two senders who chose the same one,
 * or of a message and its changed form, nothing counts that the client may not have seen.
 */
export class Unconfirmed {
  #told: MessageTrace[] = [];
  #hasForgotten = false;

  add(items: readonly FanOutItem[]): void {
    for (const { event } of items) {
      const trace = traceOf(event);
      if (trace && trace.kind !== 'notification') this.#told.push(trace);
    }
    if (this.#told.length <= MAX_UNCONFIRMED) return;
    this.#told = this.#told.slice(-MAX_UNCONFIRMED);
    this.#hasForgotten = true;
  }

  /**
   * Takes what a confirmation is of; undefined where nothing is known of it. Once messages were forgotten it may be of an
   * earlier form, so that no revision comes with it any more.
   */
  take(clientId: string): Confirmed | undefined {
    const index = this.#told.findIndex((trace) => trace.clientId === clientId);
    const [message] = index === -1 ? [] : this.#told.splice(index, 1);
    return message && { message, revisions: this.#hasForgotten ? [] : revisionsOf(message) };
  }
}
