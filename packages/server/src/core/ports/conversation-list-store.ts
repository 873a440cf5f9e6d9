import type { Conversation, Member, Message, Party, SeqRange } from '../model.ts';

export interface ConversationQuery {
  readonly tenant: string;
  readonly userId: string;
  /** Only conversations of less activity. */
  readonly before?: number;
  readonly limit: number;
}

/** How far the other user of a single chat is. */
export interface PeerReach {
  /** As `Member` has them. */
  readonly deliveredSeq: number;
  readonly readSeq: number;
  /** What exactly was delivered, and read, ascending. */
  readonly delivered: readonly SeqRange[];
  readonly read: readonly SeqRange[];
}

/** A conversation as one of its members sees it. */
export interface ConversationView {
  readonly conversation: Conversation;
  /** The other user of a single chat; the conversation otherwise. */
  readonly targetId: string;
  readonly target: Party;
  /** The user itself. */
  readonly member: Member;
  /** Of a single chat, unless the other user was deleted or is oneself. */
  readonly peer?: PeerReach;
  /** The newest message that the user may see and has not hidden. */
  readonly lastMessage: Message | null;
  /** Messages that the user could still read, of others; counted up to 1000. */
  readonly unread: number;
  /** Rises with each message; no two conversations of a tenant have the same. */
  readonly activity: number;
}

/** A user's conversations as its clients list them. */
export interface ConversationListStore {
  /** A user's conversations, the newest activity first: not closed service sessions, and rooms only while the user is in them. */
  listConversations(query: ConversationQuery): Promise<ConversationView[]>;
  /** Of the other user of a single chat of this user; undefined where there is no such user, or the chat is not this
   * user's. */
  findPeerReach(tenant: string, conversationId: string, userId: string): Promise<PeerReach | undefined>;
}
