import type { Message, SeqRange } from '../model.ts';

export type PositionKind = 'delivered' | 'read';

export interface UnreadQuery {
  readonly tenant: string;
  readonly conversationId: string;
  readonly userId: string;
  /** Only messages above this sequence. */
  readonly after: number;
  /** Only messages up to this sequence. */
  readonly upTo: number;
  readonly limit: number;
}

/** As much of a message as its sender is told when it is read. */
export type UnreadMessage = Pick<Message, 'id' | 'clientId' | 'senderId' | 'seq' | 'state'>;

/** What some users acknowledged in one conversation. */
export interface Acknowledgement {
  readonly tenant: string;
  readonly conversationId: string;
  readonly kind: PositionKind;
  /** Where users got the same, entries that share the objects which say so spare the store a look at each. */
  readonly entries: readonly AcknowledgementEntry[];
  /** In a conversation of more members nothing is answered as fresh, as nobody is told. */
  readonly maxMembers?: number;
}

export interface AcknowledgementEntry {
  readonly userId: string;
  readonly ranges: readonly SeqRange[];
  /** Revisions the user was shown. */
  readonly revisions?: readonly SeqRange[];
}

export interface Acknowledged {
  /** For each entry of the command, what it covered that was not covered before; empty above `maxMembers`. */
  readonly fresh: readonly (readonly SeqRange[])[];
}

export interface PendingQuery {
  readonly tenant: string;
  readonly userId: string;
  readonly limit: number;
  /** `conversation`, where absent, tells one conversation after the other; `time` what is oldest in any of them first. */
  readonly order?: 'conversation' | 'time';
  /** Where the last page ended. */
  readonly cursor?: PendingCursor;
  /** Only this conversation; with `sinceSeq` all of its messages above that, the user's own too. */
  readonly conversationId?: string;
  readonly sinceSeq?: number;
}

export type PendingCursor = ConversationCursor | TimeCursor;

export interface ConversationCursor {
  readonly conversationId: string;
  /** Changed messages up to this revision were told. */
  readonly revision: number;
  /** Undelivered messages up to this sequence were told. */
  readonly seq: number;
  /** In the order of time: what is to follow the changed messages. */
  readonly lanes?: OpenLanes;
}

/** In the order of time, after all changed messages: what is left, the oldest first. */
export interface TimeCursor {
  readonly lanes: OpenLanes;
  /** Only messages below this number, as older ones of other lanes come before. */
  readonly before?: number;
}

/**
 * What was not delivered when the first page was read, and was not told since: what is delivered between two pages is told all the
 * same. Ranges of conversations, the one with the oldest message first. Packed as numbers that the store makes and reads, as every page
 * carries along those of very many conversations.
 */
export type OpenLanes = Float64Array;

export interface PendingPage {
  /**
   * By conversation, the one that was made first before the others: first the changed ones that the user already had, then undelivered ones by sequence. In the order of
   * time: first the changed ones of all conversations, then undelivered ones by number.
   */
  readonly messages: readonly Message[];
  /** Ids of those that the user already had. */
  readonly changedIds: readonly string[];
  /**
   * Revisions that no message to be told bears, as a later change or the user's hiding it took their place: known without
   * being told. All others are known with the message that bears them.
   */
  readonly revisions: readonly KnownRevisions[];
  /** What the user was not delivered and can't be any more, as it was removed; told once, with the conversation's first page. */
  readonly gone?: readonly KnownRevisions[];
  /** Absent on the last page. */
  readonly next?: PendingCursor;
}

export interface KnownRevisions {
  readonly conversationId: string;
  readonly ranges: readonly SeqRange[];
}

/** How far each user is in each conversation: what was delivered to it, and what it has read. */
export interface PositionStore {
  /** Positions only move forward, over what can't be read any more too; entries of users who neither are members nor were are passed
   * over. `read` implies `delivered`. */
  acknowledge(acknowledgement: Acknowledgement): Promise<Acknowledged>;
  /**
   * What a user has not read and could, the oldest first: not its own, and nothing that is hidden, recalled, deleted or out of
   * its sight. Nothing for one who is no member.
   */
  listUnread(query: UnreadQuery): Promise<UnreadMessage[]>;
  /** What a user has not been delivered. ENOENT where `conversationId` is unknown or not the user's. */
  listPending(query: PendingQuery): Promise<PendingPage>;
}
