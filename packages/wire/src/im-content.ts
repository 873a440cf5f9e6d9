/** The JSON documents that the `content` of a payload holds. Any of them may have further fields. */

export type ImJson = string | number | boolean | null | ImJson[] | { [key: string]: ImJson };
export type ImJsonObject = { [key: string]: ImJson };

/** Section 4.2, text. */
export interface ImTextContent {
  content: string;
  contentExtra: ImJsonObject | null;
}

/** Section 4.2, picture. `content` describes it. */
export interface ImImageContent {
  content: string;
  /** `size` in bytes, `format` such as `JPEG`. */
  contentExtra: { url: string; width?: number; height?: number; size?: number; format?: string };
}

/** Section 4.2, file. `content` is its name. */
export interface ImFileContent {
  content: string;
  /** `size` in bytes, `type` a media type. */
  contentExtra: { url: string; size?: number; type?: string; extension?: string };
}

/** By analogy with the picture. */
export interface ImVoiceContent {
  content: string;
  /** `duration` in seconds. */
  contentExtra: { url: string; duration?: number; size?: number; format?: string };
}

/** By analogy with the picture. */
export interface ImVideoContent {
  content: string;
  /** `duration` in seconds; `thumbnailUrl` of a still. */
  contentExtra: {
    url: string;
    duration?: number;
    width?: number;
    height?: number;
    size?: number;
    format?: string;
    thumbnailUrl?: string;
  };
}

/** By analogy with the picture. `content` names the place. */
export interface ImLocationContent {
  content: string;
  /** Degrees, WGS 84. */
  contentExtra: { latitude: number; longitude: number; address?: string };
}

/** By analogy with the picture. `content` names the person. */
export interface ImCardContent {
  content: string;
  contentExtra: { userId: string; nickname?: string; avatar?: string };
}

/** Section 4.2, quote. What is quoted is the server's to fill. */
export interface ImQuoteContent {
  content: string;
  quotedMessageId: string;
  quotedContent?: string;
  quotedSenderId?: string;
}

/** Section 4.2, forward. What is forwarded is the server's to fill. */
export interface ImForwardContent {
  content?: string;
  originalMessageId: string;
  forwardReason?: string;
}

export type ImChatContent =
  | ImTextContent
  | ImImageContent
  | ImFileContent
  | ImVoiceContent
  | ImVideoContent
  | ImLocationContent
  | ImCardContent
  | ImQuoteContent
  | ImForwardContent;

export type ImPriority = 'low' | 'medium' | 'high';

/** Section 5.2, every kind. */
export interface ImNotificationContent {
  title: string;
  content: string;
  priority?: ImPriority;
  category?: string;
  /** ISO 8601. */
  expiresAt?: string;
  action?: string;
  data?: ImJsonObject;
  maintenanceType?: string;
  estimatedDuration?: string;
}

/** Section 6.2, configuration. */
export interface ImConfigChange {
  configType: 'chat_settings' | 'user_permissions';
  oldConfig: ImJsonObject;
  newConfig: ImJsonObject;
  changedBy: string;
  reason: string;
}

/** Section 6.2, group. */
export interface ImGroupUpdate {
  groupId: string;
  /** `member_added`, `member_removed` … */
  updateType: string;
  memberId?: string;
  memberRole?: string;
  updatedBy: string;
  /** ISO 8601. */
  timestamp: string;
}

/** Section 6.2, permission. */
export interface ImPermissionChange {
  userId: string;
  permissionType: string;
  oldPermission: string;
  newPermission: string;
  changedBy: string;
  reason: string;
}

/** Section 7.1. */
export const IM_EVENT_TYPES = [
  'business.user.login',
  'business.user.logout',
  'business.user.status.changed',
  'business.user.profile.updated',
  'business.conversation.created',
  'business.conversation.updated',
  'business.conversation.member.added',
  'business.conversation.member.removed',
  'business.group.created',
  'business.group.updated',
  'business.group.member.joined',
  'business.group.member.left',
  'communication.message.sent',
  'communication.message.recalled',
  'communication.message.edited',
  'communication.message.deleted',
] as const;

/** Section 7.3, login. Times are ISO 8601. */
export interface ImUserLogin {
  eventType: 'business.user.login';
  userId: string;
  deviceId: string;
  loginTime: string;
  ipAddress: string;
  clientType: string;
  userAgent: string;
}

/** Section 7.3, recall. */
export interface ImMessageRecalled {
  eventType: 'communication.message.recalled';
  messageId: string;
  conversationId: string;
  operatorId: string;
  reason: string;
  timestamp: string;
}

/** Section 7.3, new group. */
export interface ImGroupCreated {
  eventType: 'business.group.created';
  groupId: string;
  groupName: string;
  creatorId: string;
  memberCount: number;
  createTime: string;
}
