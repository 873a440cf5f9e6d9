import { DomainError } from './errors.ts';
import type { Message, Principal } from './model.ts';
import type { ConversationListStore, ConversationView, PeerReach } from './ports/conversation-list-store.ts';
import { includes } from './ranges.ts';

/** Most conversations of a page. */
export const MAX_CONVERSATIONS = 200;

export interface ConversationPageQuery {
  /** Where the page before ended. */
  readonly after?: string;
  readonly limit: number;
}

export interface ConversationPage {
  /** The newest activity first. */
  readonly conversations: readonly ConversationView[];
  /** `after` of the next page; absent on the last one. */
  readonly next?: string;
}

/** What a user finds its conversations by, on a device that has none of them yet. */
export class ConversationList {
  readonly #store: Pick<ConversationListStore, 'listConversations'>;

  constructor({ store }: { readonly store: Pick<ConversationListStore, 'listConversations'> }) {
    this.#store = store;
  }

  /** A page of the actor's own conversations. EINVAL for an `after` that no page ended with. */
  async page({ tenant, userId }: Principal, query: ConversationPageQuery): Promise<ConversationPage> {
    const limit = Math.min(query.limit, MAX_CONVERSATIONS);
    const found = await this.#store.listConversations({
      tenant,
      userId,
      limit: limit + 1,
      ...(query.after === undefined ? {} : { before: activityOf(query.after) }),
    });
    return found.length > limit ? cutAfter(found, limit) : { conversations: found };
  }
}

/** The first of some conversations as a page that has another after it. */
export function cutAfter(views: readonly ConversationView[], count: number): ConversationPage {
  const conversations = views.slice(0, count);
  const last = conversations.at(-1);
  return { conversations, ...(last ? { next: String(last.activity) } : {}) };
}

/** The `next` of a page, as the source of a regular expression. */
export const CONVERSATION_CURSOR_PATTERN = '^-?[0-9]{1,15}$';
const CURSOR = new RegExp(CONVERSATION_CURSOR_PATTERN);

function activityOf(after: string): number {
  if (CURSOR.test(after)) return Number(after);
  throw new DomainError('EINVAL', 'after must be the next of a page before', { field: 'after' });
}

/** How far an own message got with the other user of a single chat, as long as it says something. */
export type Tick = 'sent' | 'delivered' | 'read';

/** The tick of a message of this user's; undefined for messages of others, for those that are gone and outside of single chats. */
export function tickOf(message: Message, userId: string, peer: PeerReach | undefined): Tick | undefined {
  const { senderId, seq, state } = message;
  if (!peer || senderId !== userId || state === 'recalled' || state === 'deleted') return undefined;
  if (includes(peer.read, seq)) return 'read';
  return includes(peer.delivered, seq) ? 'delivered' : 'sent';
}
