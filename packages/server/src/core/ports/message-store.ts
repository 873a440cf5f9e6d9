import type { ServiceSession } from '../desk/model.ts';
import type {
  Content,
  MemberRole,
  Message,
  MessageState,
  Pin,
  Profile,
  ReferenceKind,
  Timestamp,
} from '../model.ts';
import type { NewMember } from './conversation-store.ts';
import type { FileMention } from './file-store.ts';

/** Where a message goes. */
export type MessageTarget =
  | { readonly kind: 'user'; readonly userId: string }
  /** A user, or below zero a conversation of many. */
  | { readonly kind: 'uid'; readonly uid: number }
  /** A conversation that exists. */
  | { readonly kind: 'conversation'; readonly conversationId: string }
  /** A service session that exists. */
  | { readonly kind: 'service'; readonly sessionId: string }
  /** The sender's service session that is not closed or, where it has none, a new one of this id. */
  | {
      readonly kind: 'desk';
      readonly newId: string;
      readonly skill: string;
      /** The node that the sender is connected to; absent where it is not connected. */
      readonly node?: string;
    };

export interface NewMessage {
  readonly tenant: string;
  readonly id: string;
  readonly clientId: string;
  readonly senderId: string;
  /** Of the sender whom the command was taken from: EAUTH once its id is somebody else's. */
  readonly senderGeneration?: number;
  /** Present where the sender is a guest, who is no member: it reaches open rooms only. */
  readonly guest?: Profile;
  readonly target: MessageTarget;
  readonly content: Content;
  /** What the client sent, where another content is stored: a repeat is known by it. */
  readonly sentContent?: Content;
  readonly reference?: NewReference;
  /** What its content points at. A forward holds its original's files too. */
  readonly files?: readonly FileMention[];
  readonly source: string;
  readonly deviceId: string;
  readonly createdAt: Timestamp;
  /** The session that sends it: it is told of itself by a confirmation. */
  readonly originSession?: string;
}

/**
 * What a new message quotes or forwards, by any id its sender knows the original by. A forward has the original's type
 * and what it has beside its text, and its text too where it brings none.
 */
export interface NewReference {
  readonly kind: ReferenceKind;
  readonly ref: string;
  readonly reason: string;
}

export interface Appended {
  readonly message: Message;
  /** True where the sender's client id was known already: nothing was stored. */
  readonly duplicate: boolean;
  /** Members of the conversation, the sender included. */
  readonly memberCount: number;
  /** Who became a member by it, where it made a conversation that has a topic of its own. */
  readonly joined?: readonly NewMember[];
  /** The service session that it opened. */
  readonly opened?: ServiceSession;
}

/** A change to a stored message. */
export interface MessageChange {
  readonly tenant: string;
  readonly conversationId: string;
  readonly seq: number;
  /** Who makes it, and so knows of it. */
  readonly actorId: string;
  readonly state: MessageState;
  /** The new content; null removes it. */
  readonly content: Content | null;
  /** What the new content points at. */
  readonly files?: readonly FileMention[];
  readonly reason: string;
  readonly at: Timestamp;
  /** Whether it is made in a closed service session too, as managers may. Else ECONFLICT (field `sessionId`) there. */
  readonly afterClosing?: boolean;
  /** Absent where nobody is told. */
  readonly telling?: MessageTelling;
  /** Of the entry in the audit, where the actor does it as a manager. Stored with the change or not at all. */
  readonly auditId?: string;
}

/** Where it is told what became of a message. */
export interface MessageTelling {
  /** Topics. */
  readonly place: readonly string[];
  /** The session that asked for it and gets a confirmation instead. */
  readonly originSession?: string;
}

/** What is told of a pin. */
export interface PinTelling extends MessageTelling {
  readonly message: Message;
}

/** What a user's other sessions are told of what it hid. */
export interface HideTelling extends Pick<MessageTelling, 'originSession'> {
  readonly message: Message;
  readonly at: Timestamp;
}

/** Who is not to be told what became of a message: members who may not see it. */
export interface Unseen {
  readonly unseenBy: readonly string[];
}

export interface ChangedMessage extends Unseen {
  readonly message: Message;
}

export interface PinChange extends Unseen {
  /** False where it was so before. */
  readonly isNew: boolean;
}

export interface PinQuery {
  readonly tenant: string;
  readonly userId: string;
  readonly conversationId?: string;
}

export interface NewPin {
  readonly tenant: string;
  readonly conversationId: string;
  readonly seq: number;
  readonly userId: string;
  readonly scope: Pin['scope'];
  readonly at: Timestamp;
}

export interface MessageLook {
  readonly tenant: string;
  /** Id or client id. */
  readonly ref: string;
  readonly viewerId: string;
  /** Messages that the viewer sent, or those of others that it may see. */
  readonly prefer: 'own' | 'received';
  /** Only a message of this conversation. */
  readonly conversationId?: string;
}

export interface MessageView {
  readonly message: Message;
  /** The role in the message's conversation of the user it was looked up for; undefined for one who is no member. */
  readonly viewerRole: MemberRole | undefined;
  /** Whether that user may see it as a member, as far as the conversation's `history` goes. */
  readonly isInSight: boolean;
  /** Whether that user hid it. */
  readonly isHidden: boolean;
}

export interface HistoryQuery {
  readonly tenant: string;
  readonly conversationId: string;
  /** Who reads: what this user hid is left out. */
  readonly viewerId: string;
  /** Whether the viewer may see more than a member: all messages. */
  readonly seesAll?: boolean;
  /** Only messages below this sequence. */
  readonly before?: number;
  /** Only messages above this sequence; then the oldest come first. */
  readonly after?: number;
  readonly limit: number;
}

/** What is said in conversations, and what each user made of it: hidden and pinned messages. */
export interface MessageStore {
  /**
   * Gives the message the conversation's next sequence and a number above those of all messages the conversation has, and
   * marks it delivered to its sender. The first message between two users makes their conversation; the first one to the
   * desk makes a service session, which waits in the queue.
   *
   * ENOENT (field `target`): no such user or conversation; (field `reference`): no such message, or none that the
   * sender may see; (field `content`): no such file, or none that the sender uploaded or may see as a member. EPERM: the
   * sender is no member, or a guest and the conversation no open room. ECONFLICT (field
   * `clientId`): the sender used the client id for another message; (field `sessionId`): the service session is closed.
   */
  appendMessage(message: NewMessage): Promise<Appended>;
  /**
   * Makes the change with the conversation's next revision, which its actor knows. ENOENT, also for files as `appendMessage`; ECONFLICT where the
   * message is recalled or deleted.
   */
  changeMessage(change: MessageChange): Promise<ChangedMessage>;
  /**
   * Finds a message by its id or client id. Where several senders gave the same one: one of the preferred side first,
   * then one the viewer may see, then the newest. Also sees messages whose append was issued before and has not
   * resolved yet.
   */
  findMessage(look: MessageLook): Promise<MessageView | undefined>;
  /** In order of sequence, at most `limit`: the newest unless `after` is given. Without what the viewer hid. */
  listMessages(query: HistoryQuery): Promise<Message[]>;
  /** Takes a message out of one user's sight. False where it was hidden before. */
  hideMessage(
    tenant: string,
    conversationId: string,
    seq: number,
    userId: string,
    telling?: HideTelling,
  ): Promise<boolean>;
  /** Ids of what a user hid in a conversation, the newest messages first and not all of very many. */
  listHidden(tenant: string, conversationId: string, userId: string): Promise<string[]>;
  pinMessage(pin: NewPin, telling?: PinTelling): Promise<PinChange>;
  unpinMessage(pin: NewPin, telling?: PinTelling): Promise<PinChange>;
  /** What a user sees pinned, in one conversation or in all of its own, the newest pin first. */
  listPins(query: PinQuery): Promise<Pin[]>;
}
