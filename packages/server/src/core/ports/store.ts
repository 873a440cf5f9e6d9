import type { ServiceSession } from '../desk/model.ts';
import type { GroupActor } from '../group-rights.ts';
import type {
  Content,
  Conversation,
  ConversationKind,
  HistoryAccess,
  Member,
  MemberRole,
  Message,
  MessageState,
  Party,
  Pin,
  Profile,
  ReferenceKind,
  Role,
  SeqRange,
  Timestamp,
  User,
} from '../model.ts';
import type { AdminAct, AdminStore } from './admin-store.ts';
import type { DeskStore } from './desk-store.ts';
import type { EventStore } from './event-store.ts';
import type { FileMention, FileStore, Picture } from './file-store.ts';
import type { NotificationStore } from './notification-store.ts';
import type { RoomStore } from './room-store.ts';

/**
 * Where the truth is kept. Promises of every adapter:
 *
 * - each call is atomic, and a write's promise resolves only once it is durable (synced to disk or committed by the
 *   database);
 * - writes issued one after another without waiting take effect, and settle, in that order, each in one step: who tells
 *   of a write right after awaiting it tells before who awaited a later one;
 * - a read sees every write that had resolved before it was issued;
 * - a refusal is a `DomainError` and changes nothing; whatever keeps the store from working is `EINTERNAL`, and the
 *   store works again as soon as the cause is gone.
 */
export interface Store
  extends UserStore,
    ConversationStore,
    MessageStore,
    PositionStore,
    ConversationListStore,
    NotificationStore,
    AdminStore,
    FileStore,
    RoomStore,
    EventStore,
    DeskStore {
  /** Resolves after all writes issued before; rejects while the store can't serve. */
  ping(): Promise<void>;
  /** Resolves once something was written to disk; rejects while nothing can be, or the file is damaged or lost. */
  probe(): Promise<void>;
  /** Operations that wait or run. */
  readonly depth: number;
  close(): Promise<void>;
}

export interface NewUser {
  readonly tenant: string;
  readonly id: string;
  /** The next free one of the tenant where absent. */
  readonly uid?: number;
  readonly username: string;
  /** Whether the username may look like another's, as that of a user made by a token may; none is given twice. */
  readonly mayLookAlike?: boolean;
  readonly nickname: string;
  /** None where absent. ENOENT (field `avatar`) for a file that whoever chose it may not see. */
  readonly picture?: Picture;
  readonly role: Role;
  /** As `auth/passwords` made it; null for a user who can't log in here. */
  readonly passwordHash: string | null;
  readonly createdAt: Timestamp;
}

export interface UserPatch {
  readonly username?: string;
  readonly nickname?: string;
  /** As in `NewUser`; one that it has already is not looked at again. */
  readonly picture?: Picture;
  readonly role?: Role;
  readonly passwordHash?: string;
  readonly isDisabled?: boolean;
  /** Tokens issued until then are refused from now on. */
  readonly tokensAfter?: Timestamp;
  readonly given?: UserGiven;
}

/** What was looked at before a change, and must still be so when it is written. */
export interface UserGiven {
  /** EAUTH where the user was deleted, or somebody else has the id. */
  readonly generation?: number;
  /** EPERM (field `oldPassword`) where the user has another password, or one at all. */
  readonly passwordHash?: string | null;
}

/** What a token of this id opens. */
export interface Account {
  /** Absent where the user was deleted. */
  readonly user?: User;
  /** Counts the users who had the id one after the other. */
  readonly generation: number;
  /** Only tokens issued after this open it; null where all do. */
  readonly tokensAfter: Timestamp | null;
}

export interface Page {
  /** Only what sorts after this id. */
  readonly after?: string;
  readonly limit: number;
}

export interface UserStore {
  /**
   * ECONFLICT where the id or uid is taken, or a username that looks the same (`usernameKey`). The id of a deleted user may be
   * used again, for somebody else: what the former one left is put under a marked id (`persons.ts`) or away, and its single
   * chats are not the new one's.
   */
  createUser(user: NewUser): Promise<User>;
  findUser(tenant: string, id: string): Promise<User | undefined>;
  /** Those of these ids that are users, by id. */
  listUsersByIds(tenant: string, ids: readonly string[]): Promise<User[]>;
  /** Undefined for an id that no user ever had. */
  findAccount(tenant: string, id: string): Promise<Account | undefined>;
  /** Of the user of exactly this name, or else of the only one with a password whose name looks the same. */
  findCredentials(tenant: string, username: string): Promise<Credentials | undefined>;
  /** Remembers where a user logged in from, the newest few; nothing for one who is no user. */
  noteLogin(login: LoginNote): Promise<void>;
  /** Whether a login from there is remembered. A deletion forgets them all. */
  hasLoggedIn(tenant: string, userId: string, network: string): Promise<boolean>;
  /** By id. */
  listUsers(tenant: string, page: Page): Promise<User[]>;
  /**
   * ENOENT; ECONFLICT where another user has a username that looks the same. Of a manager's act, a change of what the user may
   * do is audited with it.
   */
  updateUser(tenant: string, id: string, patch: UserPatch, act?: AdminAct): Promise<User>;
  /**
   * Ends its memberships too, as `removeMember`; messages stay. Returns the groups it was in. No token issued until now opens
   * what is made under the id later. ENOENT.
   */
  deleteUser(tenant: string, id: string, at: Timestamp): Promise<LeftGroup[]>;
}

export interface LoginNote {
  readonly tenant: string;
  readonly userId: string;
  readonly network: string;
  readonly at: Timestamp;
}

export interface Credentials {
  readonly user: User;
  readonly passwordHash: string | null;
}

export interface NewGroup {
  readonly tenant: string;
  readonly id: string;
  readonly name: string;
  /** As in `NewUser`. */
  readonly picture?: Picture;
  /** `all` where absent. */
  readonly history?: HistoryAccess;
  readonly members: readonly NewMember[];
  readonly createdAt: Timestamp;
}

export interface NewMember {
  readonly userId: string;
  readonly role: MemberRole;
}

export interface NewMembers {
  /** Whose rights are asked for; the tenant's own where absent. */
  readonly by?: GroupActor;
  readonly tenant: string;
  readonly conversationId: string;
  readonly members: readonly NewMember[];
  readonly maxMembers: number;
  readonly at: Timestamp;
}

export interface GroupPatch {
  readonly name?: string;
  /** As in `UserPatch`. */
  readonly picture?: Picture;
  readonly history?: HistoryAccess;
}

export interface Removal {
  readonly tenant: string;
  readonly conversationId: string;
  readonly userId: string;
  /** Who is to be the owner afterwards; whoever the rules name where absent and needed. */
  readonly successorId?: string;
  readonly by?: GroupActor;
}

export interface RoleChange {
  readonly tenant: string;
  readonly conversationId: string;
  readonly userId: string;
  readonly role: MemberRole;
  readonly by?: GroupActor;
}

export interface HandOver {
  readonly tenant: string;
  readonly conversationId: string;
  /** The new owner. */
  readonly userId: string;
  readonly by?: GroupActor;
}

/** A group that a user was in until it was deleted. */
export interface LeftGroup {
  readonly conversationId: string;
  /** Who has another role by it. */
  readonly changed: readonly NewMember[];
}

export interface Membership {
  readonly conversationId: string;
  readonly kind: ConversationKind;
  readonly role: MemberRole;
}

export interface PeerQuery {
  readonly tenant: string;
  readonly userId: string;
  /** Groups with more members than this make no peers. */
  readonly maxMembers: number;
  readonly limit: number;
}

/**
 * Rights in groups are those of `group-rights.ts`, judged by what the actor `by` is inside the write: ENOENT for one who is
 * neither a member nor a manager, EPERM for what it may not do.
 */
export interface ConversationStore {
  /** A member named twice is one. ECONFLICT where the id is taken; ENOENT (field `members`) where a member is no user. */
  createGroup(group: NewGroup): Promise<Conversation>;
  findConversation(tenant: string, id: string): Promise<Conversation | undefined>;
  /** Groups by id, of one member where `userId` is given. */
  listGroups(tenant: string, page: Page, userId?: string): Promise<Conversation[]>;
  /** ENOENT. */
  updateGroup(tenant: string, id: string, patch: GroupPatch, by?: GroupActor): Promise<Conversation>;
  /** Ends all memberships; returns the users who were members. ENOENT. */
  deleteGroup(tenant: string, id: string, at: Timestamp, by?: GroupActor): Promise<string[]>;
  /**
   * Returns those who were not members before. Who was one once has what it had then, and as undelivered what it missed and
   * may see; for others nothing of before is undelivered. ENOENT for the group or (field `userId`) a user; ETOOLONG where the group
   * would have more than `maxMembers`.
   */
  addMembers(addition: NewMembers): Promise<string[]>;
  /** ENOENT for the group or the member; ECONFLICT where the group would lose its only owner. */
  setMemberRole(change: RoleChange): Promise<Member>;
  /**
   * Keeps what the member had, for when it comes again. Where the only owner goes, another member becomes owner. Returns who has another role by it. ENOENT for the group, the
   * member or (field `successorId`) the successor; EPERM for the successor of one who is no owner.
   */
  removeMember(removal: Removal): Promise<NewMember[]>;
  /**
   * Makes a member owner and the actor, or all owners where the actor is none, admin. Returns who has another role by it.
   * ENOENT for the group or the member.
   */
  handOverGroup(change: HandOver): Promise<NewMember[]>;
  findMember(tenant: string, conversationId: string, userId: string): Promise<Member | undefined>;
  /** By user id. */
  listMembers(tenant: string, conversationId: string, page: Page): Promise<Member[]>;
  /** Every group, room and service conversation the user is a member of, but those of closed service sessions. */
  listMemberships(tenant: string, userId: string): Promise<Membership[]>;
  /** The other users of the user's single chats and groups, each once, at most `limit`. */
  listPeers(query: PeerQuery): Promise<string[]>;
}

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
  /** Of the entry in the audit, where the actor does it as a manager. Stored with the change or not at all. */
  readonly auditId?: string;
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
  hideMessage(tenant: string, conversationId: string, seq: number, userId: string): Promise<boolean>;
  /** Ids of what a user hid in a conversation, the newest messages first and not all of very many. */
  listHidden(tenant: string, conversationId: string, userId: string): Promise<string[]>;
  pinMessage(pin: NewPin): Promise<PinChange>;
  unpinMessage(pin: NewPin): Promise<PinChange>;
  /** What a user sees pinned, in one conversation or in all of its own, the newest pin first. */
  listPins(query: PinQuery): Promise<Pin[]>;
}

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
  /** In the order of time. */
  readonly open?: OpenRanges;
}

/** In the order of time: all changed messages were told, and undelivered ones up to this number. */
export interface TimeCursor {
  readonly number: number;
  readonly open: OpenRanges;
}

/**
 * What was not delivered when the first page was read, by conversation: what is delivered between two pages is told all the
 * same.
 */
export type OpenRanges = ReadonlyMap<string, readonly SeqRange[]>;

export interface PendingPage {
  /**
   * By conversation: first the changed ones that the user already had, then undelivered ones by sequence. In the order of
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

export interface ConversationListStore {
  /** A user's conversations, the newest activity first: not closed service sessions, and rooms only while the user is in them. */
  listConversations(query: ConversationQuery): Promise<ConversationView[]>;
  /** Of the other user of a single chat of this user; undefined where there is no such user. */
  findPeerReach(tenant: string, conversationId: string, userId: string): Promise<PeerReach | undefined>;
}

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
