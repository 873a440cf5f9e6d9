import { type ImDestination, ImMessageType as T } from '@haina/wire';

/** A destination that clients send to. */
export interface InboundChannel {
  readonly name: string;
  readonly summary: string;
  /** The message types of its protobuf form. */
  readonly protobuf: string;
  /** Where an answer comes to, if there is one beside the RECEIPT. */
  readonly reply?: string;
}

export const INBOUND: Readonly<Record<ImDestination, InboundChannel>> = {
  '/app/chat': {
    name: 'chat',
    summary: 'Sends a message to a conversation',
    protobuf: 'type 0 to 6, 11 or 12; conversationId, clientMessageId, timestamp, chat.content',
    reply: 'messageStatus',
  },
  '/app/private-message': {
    name: 'privateMessage',
    summary: 'Sends a message to a user',
    protobuf: 'type 0 to 6, 11 or 12; receiverId, clientMessageId, timestamp, chat.content',
    reply: 'messageStatus',
  },
  '/app/group-message': {
    name: 'groupMessage',
    summary: 'Sends a message to a group',
    protobuf: 'type 0 to 6, 11 or 12; conversationId, clientMessageId, timestamp, chat.content',
    reply: 'messageStatus',
  },
  '/app/quote-message': {
    name: 'quoteMessage',
    summary: 'Sends a message that quotes another',
    protobuf: 'type 11; conversationId or receiverId, clientMessageId, timestamp, chat.content',
    reply: 'messageStatus',
  },
  '/app/forward-message': {
    name: 'forwardMessage',
    summary: 'Sends a message on',
    protobuf: 'type 12; conversationId or receiverId, clientMessageId, timestamp, chat.content',
    reply: 'messageStatus',
  },
  '/app/edit-message': {
    name: 'editMessage',
    summary: 'Gives a message another text',
    protobuf: 'type 34; system.content is the JSON body',
    reply: 'messageStatus',
  },
  '/app/delete-message': {
    name: 'deleteMessage',
    summary: 'Deletes a message for oneself, or recalls it for everyone',
    protobuf: 'type 34; system.content is the JSON body',
    reply: 'messageStatus',
  },
  '/app/pin-message': {
    name: 'pinMessage',
    summary: 'Pins a message, for oneself or for everyone, or takes the pin off',
    protobuf: 'type 34; system.content is the JSON body',
  },
  '/app/read-message': {
    name: 'readMessage',
    summary: 'Marks a message, or all up to it, or a notification as read',
    protobuf: 'type 34; system.content is the JSON body',
  },
  '/app/typing': {
    name: 'typing',
    summary: 'Tells the others of a conversation that the user is writing, or has stopped',
    protobuf: 'type 34; system.content is the JSON body',
  },
  '/app/sync': {
    name: 'sync',
    summary: 'Asks for what the user missed',
    protobuf: 'type 34; system.content is the JSON body',
    reply: 'privateMessages',
  },
  '/app/conversations': {
    name: 'conversations',
    summary: "Asks for the user's conversations, the newest activity first",
    protobuf: 'type 34; system.content is the JSON body',
    reply: 'conversationList',
  },
  '/app/group-add-members': {
    name: 'groupAddMembers',
    summary: 'Adds members to a group',
    protobuf: 'type 34; system.content is the JSON body',
    reply: 'events',
  },
  '/app/group-remove-member': {
    name: 'groupRemoveMember',
    summary: 'Takes a member out of a group',
    protobuf: 'type 34; system.content is the JSON body',
    reply: 'events',
  },
  '/app/group-update': {
    name: 'groupUpdate',
    summary: 'Gives a group another name or picture',
    protobuf: 'type 34; system.content is the JSON body',
    reply: 'events',
  },
  '/app/group-set-role': {
    name: 'groupSetRole',
    summary: 'Gives a member of a group another role',
    protobuf: 'type 34; system.content is the JSON body',
    reply: 'events',
  },
  '/app/group-hand-over': {
    name: 'groupHandOver',
    summary: 'Makes another member the owner of a group',
    protobuf: 'type 34; system.content is the JSON body',
    reply: 'events',
  },
  '/app/group-leave': {
    name: 'groupLeave',
    summary: 'Leaves a group',
    protobuf: 'type 34; system.content is the JSON body',
    reply: 'events',
  },
  '/app/group-dissolve': {
    name: 'groupDissolve',
    summary: 'Ends a group',
    protobuf: 'type 34; system.content is the JSON body',
    reply: 'events',
  },
  '/app/heartbeat': {
    name: 'heartbeat',
    summary: 'Asks for the time of the server',
    protobuf: 'type 32; system.content is the JSON body',
    reply: 'events',
  },
  '/app/auth': {
    name: 'auth',
    summary: 'Lets the session last as long as another token',
    protobuf: 'type 33; system.content is the JSON body',
    reply: 'events',
  },
};

/** A destination that clients subscribe to. */
export interface OutboundChannel {
  readonly name: string;
  readonly address: string;
  readonly summary: string;
  /** The message types that come there. */
  readonly types: readonly T[];
  readonly parameters?: Readonly<Record<string, string>>;
}

const CHAT = Object.values(T).filter((type) => type <= T.CHAT_RECALL);

export const OUTBOUND: readonly OutboundChannel[] = [
  {
    name: 'privateMessages',
    address: '/user/queue/private-messages',
    summary: 'The inbox: messages, edits, recalls, and everything of a sync with its verdict',
    types: [...CHAT, T.SYSTEM_STATUS],
  },
  {
    name: 'conversation',
    address: '/topic/conversation/{conversationId}',
    summary: 'Messages, edits, recalls and updates of one conversation, for its members',
    types: [...CHAT, T.EVENT_GROUP_UPDATE],
    parameters: { conversationId: 'The id of the group, or of the single conversation.' },
  },
  {
    name: 'messageStatus',
    address: '/user/queue/message-status',
    summary:
      "What became of one's own messages, edits and recalls of all, what one deleted for oneself, and what other systems say of messages",
    types: [T.EVENT_MESSAGE_STATUS_CHANGE],
  },
  {
    name: 'userStatus',
    address: '/user/queue/user-status',
    summary:
      'Who comes and goes or looks different, of those one shares a conversation with; what other systems say of users',
    types: [T.EVENT_USER_STATUS_CHANGE],
  },
  {
    name: 'whoIsTyping',
    address: '/user/queue/typing',
    summary: 'Who is writing, and who has stopped',
    types: [T.EVENT_USER_STATUS_CHANGE],
  },
  {
    name: 'events',
    address: '/user/queue/events',
    summary:
      "Of the session itself, of all one's groups and of one's permission, and all events of other systems",
    types: [
      T.SYSTEM_CONNECT,
      T.SYSTEM_DISCONNECT,
      T.SYSTEM_HEARTBEAT,
      T.SYSTEM_AUTH,
      T.EVENT_USER_STATUS_CHANGE,
      T.EVENT_GROUP_UPDATE,
      T.EVENT_MESSAGE_STATUS_CHANGE,
      T.EVENT_SYSTEM_CONFIG_CHANGE,
    ],
  },
  {
    name: 'notifications',
    address: '/topic/system/notifications',
    summary: 'Notifications, also the missed ones, and changed settings',
    types: [
      T.NOTIFICATION_ANNOUNCEMENT,
      T.NOTIFICATION_ALERT,
      T.NOTIFICATION_PROMOTION,
      T.NOTIFICATION_MAINTENANCE,
      T.EVENT_SYSTEM_CONFIG_CHANGE,
    ],
  },
  {
    name: 'conversationList',
    address: '/user/queue/conversations',
    summary: "A page of the user's conversations",
    types: [T.SYSTEM_STATUS],
  },
  {
    name: 'heartbeatAnswers',
    address: '/user/queue/heartbeat',
    summary: "Answers to this session's heart-beats, as at the events",
    types: [T.SYSTEM_HEARTBEAT],
  },
  {
    name: 'authAnswers',
    address: '/user/queue/auth',
    summary: "Answers to this session's renewals, as at the events; a refused one with status 5",
    types: [T.SYSTEM_AUTH],
  },
  {
    name: 'errors',
    address: '/user/queue/errors',
    summary: 'Refusals of what this session sent: the plain error in JSON, type 34 with status 5 in protobuf',
    types: [],
  },
];
