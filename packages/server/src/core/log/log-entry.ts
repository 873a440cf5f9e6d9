import type { Handover, ServiceNote, ServiceSession } from '../desk/model.ts';
import type {
  AccessEnd,
  MessageChangeKind,
  PermissionChanged,
  ServiceChangeKind,
  SettingsChanged,
} from '../events.ts';
import type {
  Conversation,
  ConversationKind,
  Message,
  Notification,
  Pin,
  Room,
  Timestamp,
  User,
} from '../model.ts';
import type { LeftGroup, NewMember } from '../ports/conversation-store.ts';
import type { Appended, MessageTelling, Unseen } from '../ports/message-store.ts';
import type { PlainTelling } from './told.ts';

/**
 * What one operation of the store did, with all that is needed to tell it to everybody whom it concerns: plain data, as it is
 * kept as JSON in the change log.
 */
export type LogEntry =
  | MessageAppended
  | MessageAltered
  | MessageHid
  | MessagePin
  | GroupCreated
  | ConversationAltered
  | GroupEnded
  | MembersAdded
  | RolesChanged
  | MemberGone
  | RoomEnded
  | MembersOut
  | AccessChanged
  | UserAltered
  | UserGone
  | GroupsLeft
  | ServiceHandedOver
  | ServiceAltered
  | NoteAdded
  | NotificationPublished
  | ToldOnly
  | { readonly type: 'settings-changed'; readonly event: SettingsChanged }
  | { readonly type: 'permission-changed'; readonly event: PermissionChanged };

export interface MessageAppended extends Omit<Appended, 'duplicate'> {
  readonly type: 'message-appended';
  /** The session that sent it and gets a confirmation instead. */
  readonly originSession?: string;
}

export interface MessageAltered extends Unseen, MessageTelling {
  readonly type: 'message-changed';
  readonly change: MessageChangeKind;
  readonly message: Message;
  readonly actorId: string;
}

export interface MessageHid extends Pick<MessageTelling, 'originSession'> {
  readonly type: 'message-hidden';
  readonly message: Message;
  readonly userId: string;
  readonly at: Timestamp;
}

export interface MessagePin extends Unseen, MessageTelling {
  readonly type: 'message-pinned' | 'message-unpinned';
  readonly message: Message;
  readonly scope: Pin['scope'];
  readonly actorId: string;
}

/** Something that befell a conversation, and who did it; empty where nobody did. */
interface OfConversation {
  readonly tenant: string;
  readonly conversationId: string;
  readonly actorId: string;
}

export interface GroupCreated {
  readonly type: 'group-created';
  readonly conversation: Conversation;
  readonly members: readonly NewMember[];
  readonly actorId: string;
}

export interface ConversationAltered {
  readonly type: 'conversation-changed';
  readonly conversation: Conversation | Room;
  readonly actorId: string;
}

export interface GroupEnded extends OfConversation {
  readonly type: 'group-dissolved';
  readonly members: readonly string[];
}

export interface MembersAdded extends OfConversation {
  readonly type: 'members-added';
  readonly kind: ConversationKind;
  readonly members: readonly NewMember[];
}

export interface RolesChanged extends OfConversation {
  readonly type: 'roles-changed';
  /** With the roles that they have now. */
  readonly members: readonly NewMember[];
}

export interface MemberGone extends OfConversation {
  readonly type: 'member-removed';
  readonly kind: ConversationKind;
  readonly userId: string;
}

export interface RoomEnded extends OfConversation {
  readonly type: 'room-closed';
  readonly members: readonly string[];
}

/** Members of a group or room that ended before, who were not told yet. */
export interface MembersOut extends OfConversation {
  readonly type: 'members-out';
  readonly kind: 'group' | 'room';
  readonly members: readonly string[];
}

export interface AccessChanged {
  readonly type: 'access-ended';
  readonly user: User;
  readonly cause: AccessEnd;
}

export interface UserAltered {
  readonly type: 'user-changed';
  readonly user: User;
  readonly actorId: string;
}

export interface UserGone {
  readonly type: 'user-deleted';
  readonly tenant: string;
  readonly userId: string;
  readonly actorId: string;
  readonly groups: readonly LeftGroup[];
}

/** Groups that a user who was deleted before has left, and that were not told yet. */
export interface GroupsLeft extends Omit<UserGone, 'type'> {
  readonly type: 'groups-left';
}

export interface ServiceHandedOver {
  readonly type: 'service-handed-over';
  readonly change: ServiceChangeKind;
  readonly handover: Handover;
  /** Who did it; where nobody did, it is the agent's own doing. */
  readonly actorId?: string;
}

export interface ServiceAltered {
  readonly type: 'service-changed';
  readonly change: ServiceChangeKind;
  readonly session: ServiceSession;
}

export interface NoteAdded {
  readonly type: 'note-added';
  readonly note: ServiceNote;
  /** Who serves the session; null for nobody. */
  readonly agentId: string | null;
  readonly originSession?: string;
}

export interface NotificationPublished {
  readonly type: 'notification-published';
  readonly notification: Notification;
  /** The users it is for; null for all of the tenant. */
  readonly recipients: readonly string[] | null;
}

/** What was told and not stored, for other nodes to tell their sessions. */
export interface ToldOnly {
  readonly type: 'told';
  readonly tellings: readonly PlainTelling[];
}
