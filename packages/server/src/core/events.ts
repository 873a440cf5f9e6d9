import type { BusinessEvent, EventCategory } from './business-event.ts';
import type { ChatPermission, ChatSettings } from './chat-settings.ts';
import type { DeskBoard, ServiceNote, ServiceSession } from './desk/model.ts';
import type {
  Conversation,
  ConversationKind,
  MemberRole,
  Message,
  Notification,
  Person,
  Pin,
  ReceiptStatus,
  Role,
  Room,
  Timestamp,
  User,
  UserStatus,
} from './model.ts';
import type { AdminAct } from './ports/admin-store.ts';
import type { Device } from './presence-news.ts';

/** Why a stored message looks different now. */
export type MessageChangeKind = 'edited' | 'recalled' | 'deleted';

/** What happened. Told to the topics concerned after it was stored, never before. */
export type CoreEvent =
  | MessageCreated
  | MessageChanged
  | MessageStatus
  | MessageHidden
  | MessagePinned
  | ReceiptIssued
  | MemberAdded
  | MemberChanged
  | MemberRemoved
  | ConversationCreated
  | SingleCreated
  | ConversationChanged
  | GroupDissolved
  | UserChanged
  | UserDeleted
  | UserAccessEnded
  | UserStatusChanged
  | UserSession
  | NotificationTold
  | AttendanceChanged
  | RoomClosed
  | SettingsChanged
  | PermissionChanged
  | BusinessEventTold
  | ServiceChanged
  | ServicePosition
  | ServiceTyping
  | UserTyping
  | ServiceNoted
  | DeskChanged
  | Broadcast
  | UserTold;

export interface MessageCreated {
  readonly type: 'message.created';
  readonly message: Message;
  /** Told again, to one who came after it. */
  readonly isRetold?: boolean;
  readonly memberCount: number;
  /** The session that sent it and gets a confirmation instead. */
  readonly originSession?: string;
}

/** What is told of a message after it was sent, or before. */
interface OfMessage {
  /** Members whom it does not concern, as they may not see the message: their sessions are not told. */
  readonly unseenBy?: readonly string[];
}

export interface MessageChanged extends OfMessage {
  readonly type: 'message.changed';
  readonly change: MessageChangeKind;
  readonly message: Message;
  readonly actorId: string;
  /** The session that asked for it and gets a confirmation instead. */
  readonly originSession?: string;
}

/**
 * What became of a message, for every session of whom it concerns, the one that asked for it too: `sent` for its sender,
 * `edited`, `recalled` and `deleted` for all members, `hidden` for who hid it. Receipts tell what its recipients did with it.
 */
export interface MessageStatus extends OfMessage {
  readonly type: 'message.status';
  readonly status: 'sent' | 'edited' | 'recalled' | 'deleted' | 'hidden';
  readonly message: Message;
  readonly actorId: string;
  readonly at: Timestamp;
}

/** A user took a message out of its own sight. */
export interface MessageHidden {
  readonly type: 'message.hidden';
  readonly message: Message;
  readonly userId: string;
  readonly originSession?: string;
}

export interface MessagePinned extends OfMessage {
  readonly type: 'message.pinned' | 'message.unpinned';
  readonly message: Message;
  readonly scope: Pin['scope'];
  readonly actorId: string;
  readonly originSession?: string;
}

export interface ReceiptIssued {
  readonly type: 'receipt';
  readonly status: ReceiptStatus;
  readonly tenant: string;
  readonly conversationId: string;
  /** Who received or read. */
  readonly userId: string;
  readonly senderId: string;
  readonly messageId: string;
  readonly clientId: string;
  readonly at: Timestamp;
}

export interface MemberAdded {
  readonly type: 'member.added';
  readonly tenant: string;
  readonly conversationId: string;
  readonly kind: ConversationKind;
  readonly userId: string;
  readonly role: MemberRole;
  readonly actorId: string;
}

/** A member of a group has another role. */
export interface MemberChanged {
  readonly type: 'member.changed';
  readonly tenant: string;
  readonly conversationId: string;
  readonly userId: string;
  readonly role: MemberRole;
  readonly actorId: string;
}

export interface MemberRemoved {
  readonly type: 'member.removed';
  readonly tenant: string;
  readonly conversationId: string;
  readonly kind: ConversationKind;
  readonly userId: string;
  readonly actorId: string;
  /** The group is no more: its `group.dissolved` told everybody, and this tells the member alone. */
  readonly isOfEnded?: true;
}

/** A group was made. Its members are told of one by one. */
export interface ConversationCreated {
  readonly type: 'conversation.created';
  readonly conversation: Conversation;
  readonly actorId: string;
}

/** Two users have a conversation now, or a user with itself: made by its first message, told before it. */
export interface SingleCreated {
  readonly type: 'single.created';
  readonly message: Message;
}

export interface ConversationChanged {
  readonly type: 'conversation.changed';
  readonly conversation: Conversation | Room;
  readonly actorId: string;
}

/** A group came to its end: told to all members at once, before each is told, by and by, that it is none any more. */
export interface GroupDissolved {
  readonly type: 'group.dissolved';
  readonly tenant: string;
  readonly conversationId: string;
  readonly actorId: string;
}

/** Somebody came into a room, or left it. */
export interface AttendanceChanged {
  readonly type: 'attendance.joined' | 'attendance.left';
  readonly tenant: string;
  readonly room: Room;
  readonly person: Person;
  /** Counts what changed in the room while anybody was in it: whoever came in at a turn knows of all before it. */
  readonly turn: number;
}

/** A room came to its end. */
export interface RoomClosed {
  readonly type: 'room.closed';
  readonly tenant: string;
  readonly roomId: string;
}

/** A user looks different to others now. */
export interface UserChanged {
  readonly type: 'user.changed';
  readonly user: User;
  readonly actorId: string;
}

export interface UserDeleted {
  readonly type: 'user.deleted';
  readonly tenant: string;
  readonly userId: string;
}

/** Why sessions of a user end that is still there. */
export type AccessEnd = 'user-disabled' | 'sessions-ended' | 'password-changed' | 'role-changed';

/** What sessions of a user rest on is no more. For `role-changed`: of those that have another role from the user's record. */
export interface UserAccessEnded {
  readonly type: 'user.access';
  readonly tenant: string;
  readonly userId: string;
  readonly cause: AccessEnd;
  /** That the user has now. */
  readonly role: Role;
}

/** A user came or went, whatever the number of its devices. Told to those who share a conversation with it. */
export interface UserStatusChanged {
  readonly type: 'user.status';
  readonly tenant: string;
  readonly userId: string;
  readonly status: UserStatus;
  readonly at: Timestamp;
  /** What it came or went with. Not for other users. */
  readonly device?: Device;
}

/** What a user came or went with: its first session, or its last. Told after each `user.status`, to the same. */
export interface UserSession {
  readonly type: 'user.login' | 'user.logout';
  readonly tenant: string;
  readonly userId: string;
  readonly at: Timestamp;
  /** Where it is and by what is not for other users. */
  readonly device?: Device;
}

export interface NotificationTold {
  readonly type: 'notification';
  readonly notification: Notification;
}

/** Managers set something else for all users of their tenant. */
export interface SettingsChanged extends AdminAct {
  readonly type: 'settings.changed';
  readonly configType: 'chat_settings';
  readonly old: ChatSettings;
  readonly new: ChatSettings;
}

/** Managers permit a user more, or less. */
export interface PermissionChanged extends AdminAct {
  readonly type: 'permission.changed';
  readonly permissionType: 'chat_permission';
  readonly userId: string;
  readonly old: ChatPermission;
  readonly new: ChatPermission;
}

/** What another system said. Never published back to where such events come from. */
export interface BusinessEventTold {
  readonly type: 'business';
  readonly tenant: string;
  readonly category: EventCategory;
  readonly event: BusinessEvent;
  /** How it came: `nats` or `api`. */
  readonly source: string;
  /** Whether this copy is for the users' own events only, and for no place of the category. */
  readonly isPersonal: boolean;
  readonly at: Timestamp;
}

/**
 * `left` and `returned` tell of its customer's connection, `absent` that it is given to nobody as its customer is away.
 */
export type ServiceChangeKind =
  | 'opened'
  | 'assigned'
  | 'transferred'
  | 'requeued'
  | 'left'
  | 'returned'
  | 'absent'
  | 'closed'
  | 'rated';

/** What became of a service session, for its customer and its agent. */
export interface ServiceChanged {
  readonly type: 'service.changed';
  readonly change: ServiceChangeKind;
  readonly session: ServiceSession;
  /** Who lost it by the change. */
  readonly formerAgentId: string | null;
}

/** A customer moved up in the queue, or back. */
export interface ServicePosition {
  readonly type: 'service.position';
  readonly tenant: string;
  readonly sessionId: string;
  /** 1 is the next one. */
  readonly position: number;
}

/** Somebody is writing, or has stopped. Told, never stored. */
interface OfTyping {
  readonly tenant: string;
  /** Who. */
  readonly userId: string;
  readonly isTyping: boolean;
  readonly at: Timestamp;
  /** From then on it counts as not writing, unless it says so again. */
  readonly expiresAt: Timestamp;
}

export interface UserTyping extends OfTyping, OfMessage {
  readonly type: 'typing';
  readonly conversationId: string;
  readonly kind: ConversationKind;
  /** The other user, or the conversation. */
  readonly targetId: string;
}

/** Of a service session, for its other side. */
export interface ServiceTyping extends OfTyping {
  readonly type: 'service.typing';
  readonly sessionId: string;
}

export interface ServiceNoted {
  readonly type: 'service.noted';
  readonly note: ServiceNote;
  readonly originSession?: string;
}

export interface DeskChanged {
  readonly type: 'desk.changed';
  readonly board: DeskBoard;
}

/** Whatever its sender wanted all subscribers of a name to get, as it came. Told, never stored. */
export interface Broadcast {
  readonly type: 'broadcast';
  readonly tenant: string;
  readonly name: string;
  readonly senderId: string;
  readonly contentType?: string;
  /** The sender's own, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** What an added destination has to say to one user, at a queue of its own. */
export interface UserTold {
  readonly type: 'user.told';
  readonly tenant: string;
  readonly userId: string;
  /** The destination where the user's sessions subscribe to it. */
  readonly queue: string;
  /** A JSON text. */
  readonly body: string;
}

/** Events that only sessions are shown: nothing of the server depends on them, so they are made where one shows them. */
export type OnDemandType = (MessageStatus | ReceiptIssued)['type'];

/** Takes events out of the core, each with the topics it concerns. */
export interface EventSink {
  publish(topics: readonly string[], event: CoreEvent): void;
  /**
   * Notifies the bookkeeping of sessions only; their subscriptions get the event through another topic. Keeps its place
   * among what is published to these topics.
   */
  notify(topics: readonly string[], event: CoreEvent): void;
  /**
   * Whether an event of this type, if it were published to these topics now, would be shown to anybody. False promises
   * that nobody misses it; absent where everything is shown.
   */
  isShown?(topics: readonly string[], type: OnDemandType): boolean;
  /** Resolves once what was published before is on its way to the sessions; absent where it is so at once. */
  settled?(): Promise<void>;
}
