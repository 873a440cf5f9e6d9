import type {
  ImConfigChange,
  ImFileContent,
  ImForwardContent,
  ImGroupCreated,
  ImGroupUpdate,
  ImImageContent,
  ImMessageRecalled,
  ImNotificationContent,
  ImPermissionChange,
  ImQuoteContent,
  ImTextContent,
  ImUserLogin,
} from './im-content.ts';

/** The examples of the protocol's document, letter by letter. That they compile shows that the types have their form. */

/** Section 4.2. */
export const CHAT_EXAMPLES = {
  text: { content: 'Hello World', contentExtra: null } satisfies ImTextContent,
  image: {
    content: '图片描述',
    contentExtra: {
      url: 'https://example.com/image.jpg',
      width: 800,
      height: 600,
      size: 1024000,
      format: 'JPEG',
    },
  } satisfies ImImageContent,
  file: {
    content: '文件名.pdf',
    contentExtra: {
      url: 'https://example.com/file.pdf',
      size: 2048000,
      type: 'application/pdf',
      extension: 'pdf',
    },
  } satisfies ImFileContent,
  quote: {
    content: '回复内容',
    quotedMessageId: '12345',
    quotedContent: '被引用的消息内容',
    quotedSenderId: '67890',
  } satisfies ImQuoteContent,
  forward: {
    content: '转发的内容',
    originalMessageId: '12345',
    forwardReason: '转发原因',
  } satisfies ImForwardContent,
};

/** Section 5.2. */
export const NOTIFICATION_EXAMPLES = {
  announcement: {
    title: '系统公告',
    content: '系统将于今晚进行维护升级',
    priority: 'high',
    category: 'maintenance',
    expiresAt: '2024-01-20T23:59:59Z',
  } satisfies ImNotificationContent,
  alert: {
    title: '新消息提醒',
    content: '您有3条未读消息',
    priority: 'medium',
    action: 'view_messages',
    data: { conversationId: '12345' },
  } satisfies ImNotificationContent,
  maintenance: {
    title: '系统维护',
    content: '系统将于22:00-24:00进行维护',
    priority: 'high',
    maintenanceType: 'scheduled',
    estimatedDuration: '2小时',
  } satisfies ImNotificationContent,
};

/** Section 6.2. */
export const ADMIN_EXAMPLES = {
  config: {
    configType: 'chat_settings',
    oldConfig: { maxMessageLength: 1000, fileUploadLimit: 10 },
    newConfig: { maxMessageLength: 2000, fileUploadLimit: 20 },
    changedBy: 'admin_user',
    reason: '提升用户体验',
  } satisfies ImConfigChange,
  group: {
    groupId: '12345',
    updateType: 'member_added',
    memberId: '67890',
    memberRole: 'member',
    updatedBy: 'admin_user',
    timestamp: '2024-01-20T10:00:00Z',
  } satisfies ImGroupUpdate,
  permission: {
    userId: '12345',
    permissionType: 'chat_permission',
    oldPermission: 'read_only',
    newPermission: 'full_access',
    changedBy: 'admin_user',
    reason: '用户升级',
  } satisfies ImPermissionChange,
};

/** Section 7.3. */
export const EVENT_EXAMPLES = {
  login: {
    eventType: 'business.user.login',
    userId: '12345',
    deviceId: 'device_001',
    loginTime: '2024-01-20T10:00:00Z',
    ipAddress: '192.168.1.100',
    clientType: 'web',
    userAgent: 'Mozilla/5.0...',
  } satisfies ImUserLogin,
  recalled: {
    eventType: 'communication.message.recalled',
    messageId: 'msg_001',
    conversationId: 'conv_001',
    operatorId: '12345',
    reason: '用户撤回',
    timestamp: '2024-01-20T10:00:00Z',
  } satisfies ImMessageRecalled,
  groupCreated: {
    eventType: 'business.group.created',
    groupId: 'group_001',
    groupName: '技术交流群',
    creatorId: '12345',
    memberCount: 1,
    createTime: '2024-01-20T10:00:00Z',
  } satisfies ImGroupCreated,
};
