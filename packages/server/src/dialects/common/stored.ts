import type { StompHeaderEntries } from '@haina/wire';
import type { Message } from '../../core/model.ts';

/** What a SEND stored, or had stored before: its sender gets no copy, and so learns from the RECEIPT where its message is. */
export class Stored {
  readonly #message: Message;
  readonly #messageId: string;

  /** @param messageId what the dialect calls the message */
  constructor(message: Message, messageId: string) {
    this.#message = message;
    this.#messageId = messageId;
  }

  get receiptHeaders(): StompHeaderEntries {
    const { conversationId, seq, createdAt } = this.#message;
    return [
      ['messageId', this.#messageId],
      ['conversationId', conversationId],
      ['seq', String(seq)],
      ['createdAt', String(createdAt)],
    ];
  }
}
