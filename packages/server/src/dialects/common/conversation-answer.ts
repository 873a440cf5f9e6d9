import { type ConversationPage, cutAfter } from '../../core/conversation-list.ts';
import type { ConversationView } from '../../core/ports/conversation-list-store.ts';

/** Conversations that an answer has where the client asks for no number. */
export const DEFAULT_CONVERSATIONS = 50;

/** Of an answer: a larger one would count as a reader that is too slow. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** A page of conversations in a dialect's form. `next` is `after` of the next page. */
export interface ConversationAnswer<Listed> {
  readonly conversations: Listed[];
  readonly next?: string;
}

/** Renders a page, or as much of it as an answer can hold, but always one; the rest is the next page then. */
export function answerOf<Listed>(
  page: ConversationPage,
  render: (view: ConversationView) => Listed,
): ConversationAnswer<Listed> {
  const conversations: Listed[] = [];
  let room = MAX_ANSWER_BYTES;
  for (const view of page.conversations) {
    const listed = render(view);
    room -= Buffer.byteLength(JSON.stringify(listed));
    if (room < 0 && conversations.length > 0) {
      const { next } = cutAfter(page.conversations, conversations.length);
      return { conversations, ...(next === undefined ? {} : { next }) };
    }
    conversations.push(listed);
  }
  return { conversations, ...(page.next === undefined ? {} : { next: page.next }) };
}
