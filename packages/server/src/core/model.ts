/** Milliseconds since the epoch. */
export type Timestamp = number;

/** Stands for every tenant where one is named. No tenant can have it as its id. */
export const ANY_TENANT = '*';

export const ROLES = ['user', 'agent', 'admin', 'service'] as const;
export type Role = (typeof ROLES)[number];

/** Whoever acts: a user of a tenant, as its token says. */
export interface Principal {
  readonly tenant: string;
  readonly userId: string;
  readonly role: Role;
  readonly name: string;
  /** Of the user who had the id when the token was checked: a later user of the same id is somebody else. */
  readonly generation?: number;
  /** Of a guest, who is no user: what it says of itself. Its id is one that no user can have (`guests.ts`). */
  readonly guest?: Profile;
  /** Of a guest too: where it comes from, as it may call itself anything. */
  readonly origin?: GuestOrigin;
}

export interface GuestOrigin {
  /** Id of the connection. */
  readonly connection: string;
  /** What counts as one client: an address, or an IPv6 network. */
  readonly address: string;
}

/** How somebody is shown to others. Texts may be empty. */
export interface Profile {
  readonly name: string;
  readonly number: string;
  readonly nickname: string;
  /** URL of a picture. */
  readonly avatar: string;
}

/** Somebody as others see it: a user or a guest. */
export interface Person {
  readonly id: string;
  readonly profile: Profile;
}

export interface User {
  readonly tenant: string;
  /** Unique in the tenant. */
  readonly id: string;
  /** Unique in the tenant, given by the store when absent at creation. */
  readonly uid: number;
  readonly username: string;
  readonly nickname: string;
  readonly avatar: string;
  readonly role: Role;
  /** A manager's doing: it can't log in, connect or stay. */
  readonly isDisabled: boolean;
  /** Tokens issued until then are refused; null where all are taken. */
  readonly tokensAfter: Timestamp | null;
  readonly createdAt: Timestamp;
}

/** Whether any session of a user lives. */
export type UserStatus = 'online' | 'offline';

export type ConversationKind = 'single' | 'group' | 'room' | 'service';
/**
 * What members see of before they came: `all` of it, or `since_join` nothing; who comes again then sees what was said in its
 * earlier stays, too.
 */
export const HISTORY_ACCESSES = ['all', 'since_join'] as const;
export type HistoryAccess = (typeof HISTORY_ACCESSES)[number];
export const MEMBER_ROLES = ['owner', 'admin', 'member'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

export interface Conversation {
  readonly tenant: string;
  /** Unique in the tenant. A group's is the group's id; a single chat's is made of its two users' ids. */
  readonly id: string;
  /** A negative number, for protocols that address by number; 0 for a single chat. */
  readonly uid: number;
  readonly kind: ConversationKind;
  readonly name: string;
  readonly avatar: string;
  readonly history: HistoryAccess;
  readonly memberCount: number;
  /** Sequence of the newest message, 0 before the first. */
  readonly lastSeq: number;
  /** Count of changes to messages so far. */
  readonly revision: number;
  readonly createdAt: Timestamp;
}

/** A conversation whose members are those who are in it now; see `Attendance`. */
export interface Room extends Conversation {
  readonly description: string;
  /** Whether guests may come in; if not, it takes the tenant's users only. */
  readonly isOpen: boolean;
  /** Null where nobody owns it. */
  readonly owner: Person | null;
}

export interface Member {
  readonly userId: string;
  readonly role: MemberRole;
  readonly joinedAt: Timestamp;
  /**
   * Every message up to this sequence was delivered to (read by) the member. What it can't read any more counts as read: what
   * is recalled, deleted or out of its sight, and what it hid.
   */
  readonly deliveredSeq: number;
  readonly readSeq: number;
}

export const CONTENT_TYPES = [
  'text',
  'image',
  'file',
  'voice',
  'video',
  'location',
  'card',
  'custom',
] as const;
export type ContentType = (typeof CONTENT_TYPES)[number];

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** What a message says: the text a person reads, and what a picture, file or card needs beside it. */
export interface Content {
  readonly type: ContentType;
  readonly text: string;
  readonly extra: JsonValue | null;
  /** Further fields that an application put beside them, passed on as they are. */
  readonly fields?: { readonly [name: string]: JsonValue };
}

export const REFERENCE_KINDS = ['quote', 'forward'] as const;
export type ReferenceKind = (typeof REFERENCE_KINDS)[number];

/** The message that another one quotes or forwards, as it is now. */
export interface MessageReference {
  readonly kind: ReferenceKind;
  readonly messageId: string;
  readonly senderId: string;
  /** Empty once the original was recalled. */
  readonly text: string;
  readonly isRecalled: boolean;
  /** Why it was forwarded; may be empty. */
  readonly reason: string;
}

/** What people call a user or a group, and the number that some protocols have for it. */
export interface Party {
  /** The username, or the group's name. */
  readonly name: string;
  /** Of a group or any other conversation of many a negative number; 0 for who has none. */
  readonly uid: number;
  /** As others see it; empty for a user who was deleted. */
  readonly nickname: string;
  /** URL of a picture; may be empty. */
  readonly avatar: string;
}

/** The two sides of a message. */
export interface Parties {
  readonly sender: Party;
  readonly target: Party;
}

/** `recalled` and `deleted` messages keep their place in the sequence and lose their content. */
export type MessageState = 'normal' | 'edited' | 'recalled' | 'deleted';

/** Delivery state of a message as its sender sees it. */
export type ReceiptStatus = 'delivered' | 'read';

export interface Message {
  readonly tenant: string;
  /** Unique, given by the server. */
  readonly id: string;
  /** Unique for its sender in the tenant; equal to `id` where the client gave none. */
  readonly clientId: string;
  readonly conversationId: string;
  readonly kind: ConversationKind;
  /** Place in the conversation: 1, 2, 3 … without gaps. */
  readonly seq: number;
  /** Unique in the tenant, given by the store in the order of storing: tells the older of two conversations' messages. */
  readonly number: number;
  readonly senderId: string;
  /** Present where the sender is a guest: how it called itself then. */
  readonly guest?: Profile;
  /** The other user of a single chat; the conversation otherwise. */
  readonly targetId: string;
  /** What its sender and its target are called now. */
  readonly parties: Parties;
  readonly content: Content;
  readonly reference: MessageReference | null;
  readonly state: MessageState;
  /** The conversation's revision at the message's last change, 0 if it never changed. */
  readonly revision: number;
  /** Name of the dialect it came through, `api` for the server API. */
  readonly source: string;
  /** What its sender's device called itself; may be empty. */
  readonly deviceId: string;
  /** Why it was edited or recalled; empty where nobody said. */
  readonly changeReason: string;
  readonly createdAt: Timestamp;
  readonly changedAt: Timestamp;
}

/** A message kept at the top of a conversation. */
export interface Pin {
  readonly message: Message;
  /** For all members, or only for the user who asks. */
  readonly scope: 'everyone' | 'self';
  readonly pinnedBy: string;
  readonly pinnedAt: Timestamp;
}

/** A file that somebody uploaded. */
export interface StoredFile {
  readonly tenant: string;
  /** Unique, given by the server. */
  readonly id: string;
  /** Who uploaded it; empty once that user was deleted. */
  readonly ownerId: string;
  /** As its uploader called it, without a path. */
  readonly name: string;
  /** Media type that it is served with. */
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  /** Of the bytes, in hex. */
  readonly sha256: string;
  /** Without the dot; may be empty. */
  readonly extension: string;
  /** Of a picture, such as `JPEG`. */
  readonly format?: string;
  /** Of a picture as shown, in pixels. */
  readonly width?: number;
  readonly height?: number;
  readonly createdAt: Timestamp;
}

/** A closed range of sequences. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

export const NOTIFICATION_TYPES = ['announcement', 'alert', 'promotion', 'maintenance'] as const;
export type NotificationType = (typeof NOTIFICATION_TYPES)[number];

export const PRIORITIES = ['low', 'medium', 'high'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** What a notification says. */
export interface NotificationBody {
  readonly title: string;
  readonly content: string;
  readonly priority?: Priority;
  readonly category?: string;
  /** What a client is to do when it is opened. */
  readonly action?: string;
  readonly data?: { readonly [key: string]: JsonValue };
  readonly maintenanceType?: string;
  readonly estimatedDuration?: string;
}

/** What a manager tells all users of a tenant, or some. */
export interface Notification {
  readonly tenant: string;
  /** Unique, given by the server. */
  readonly id: string;
  readonly type: NotificationType;
  readonly body: NotificationBody;
  /** When it was told, or is to be. */
  readonly at: Timestamp;
  /** From then on nobody is told any more; null for never. */
  readonly expiresAt: Timestamp | null;
  readonly createdBy: string;
  readonly createdAt: Timestamp;
}

/** A notification as one user has it. */
export interface NotificationView {
  readonly notification: Notification;
  readonly readAt: Timestamp | null;
}
