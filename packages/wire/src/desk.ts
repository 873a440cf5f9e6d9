/** What `desk` clients and the server say to each other, as JSON in STOMP bodies. */

import type { GoneRange } from './gone-range.ts';

export const DESK_MESSAGE_TYPES = [
  'text',
  'image',
  'file',
  'voice',
  'video',
  'location',
  'card',
  'custom',
] as const;
/** A type of the protocol, or one that a plug-in of the server added, such as `x.poll`. */
export type DeskMessageType = (typeof DESK_MESSAGE_TYPES)[number] | `${string}.${string}`;

export const DESK_AGENT_STATUSES = ['online', 'busy', 'away'] as const;
export type DeskAgentStatus = (typeof DESK_AGENT_STATUSES)[number];

export type DeskJson = string | number | boolean | null | DeskJson[] | { [key: string]: DeskJson };

/** SEND to `/app/send`. */
export interface DeskSend {
  /** The customer's own session, or a new one, where absent; agents name it. */
  sessionId?: string;
  /** A conversation outside of service sessions, such as a group, instead of `sessionId`. */
  conversationId?: string;
  /** What an agent must be able to do; counts where the message opens a session. `topic` is another name for it. */
  skill?: string;
  topic?: string;
  /** Text, or for other types than text also a JSON object. */
  content: string | { [key: string]: DeskJson };
  /** `text` where absent; capitals count too. */
  msgType?: DeskMessageType;
  /** Unique for the sender; made by the server where absent. */
  clientMsgId?: string;
}

/** SEND to `/app/typing`. */
export interface DeskTypingBody {
  sessionId: string;
  /** False where it has stopped. */
  typing?: boolean;
}

/** SEND to `/app/close` and `/app/accept`. */
export interface DeskSessionRef {
  sessionId: string;
}

/** SEND to `/app/read`: one message, all up to it, or a session's messages up to a sequence or all. */
export interface DeskRead {
  messageId?: string;
  /** All of its conversation up to the message. */
  upTo?: boolean;
  sessionId?: string;
  seq?: number;
}

/** SEND to `/app/rate`. */
export interface DeskRate {
  sessionId: string;
  /** 1 to 5. */
  score: number;
  comment?: string;
}

/** SEND to `/app/status`. */
export interface DeskStatus {
  status: DeskAgentStatus;
  /** Most sessions at a time; as it was where absent. */
  capacity?: number;
  skills?: string[];
}

/** SEND to `/app/transfer`: to an agent, or to the queue of a skill. */
export interface DeskTransfer {
  sessionId: string;
  agentId?: string;
  skill?: string;
}

/** SEND to `/app/note`. */
export interface DeskNoteInput {
  sessionId: string;
  content: string;
  clientMsgId?: string;
}

/** SEND to `/app/history`. */
export interface DeskHistoryQuery {
  sessionId: string;
  /** Only messages below this sequence. */
  before?: number;
  limit?: number;
}

/** SEND to `/app/sync`. */
export interface DeskSync {
  sessionId?: string;
  sinceSeq?: number;
}

/** SEND to `/app/recall`. */
export interface DeskMessageRef {
  messageId: string;
}

/** SEND to `/app/edit`. */
export interface DeskEdit {
  messageId: string;
  content: string;
}

/** Everything at `/user/queue/messages`, told apart by `type`. Times are milliseconds since the epoch. */
export type DeskOut =
  | DeskMessage
  | DeskSent
  | DeskSessionEvent
  | DeskPosition
  | DeskTyping
  | DeskTypingEnded
  | DeskNote
  | DeskReceipt
  | DeskHistory
  | DeskSyncDone;

export interface DeskMessage {
  type: 'message';
  /** Given by the server. */
  id: string;
  clientMsgId: string;
  /** Null for a message outside of service sessions, such as one of a group. */
  sessionId: string | null;
  conversationId: string;
  /** Place in the conversation: 1, 2, 3 … without gaps. */
  seq: number;
  fromId: string;
  msgType: DeskMessageType;
  /** Empty once recalled. */
  content: string | { [key: string]: DeskJson };
  status: 'sent' | 'edited' | 'recalled';
  createdAt: number;
}

/** The message is stored. To the session that sent it. */
export interface DeskSent {
  type: 'sent';
  id: string;
  clientMsgId: string;
  /** Null for a message outside of service sessions. */
  sessionId: string | null;
  conversationId: string;
  seq: number;
  createdAt: number;
}

export interface DeskSession {
  id: string;
  customerId: string;
  agentId: string | null;
  state: 'queued' | 'active' | 'closed';
  skill: string;
  /** Whether the customer is connected, through any protocol; false once it is closed. */
  customerConnected: boolean;
  /** Since when it waits without being given to anybody, as its customer is away. */
  absentSince: number | null;
  openedAt: number;
  assignedAt: number | null;
  answeredAt: number | null;
  closedAt: number | null;
  /** Null also where the server closed it by itself. */
  closedBy: string | null;
  closeReason: 'customer' | 'agent' | 'manager' | 'absent' | 'idle' | 'deleted' | null;
  rating: { score: number; comment: string; at: number } | null;
}

export interface DeskSessionEvent {
  type: 'session';
  /** `current` tells, on coming, a session that is not closed. */
  event:
    | 'opened'
    | 'assigned'
    | 'transferred'
    | 'requeued'
    | 'left'
    | 'returned'
    | 'absent'
    | 'closed'
    | 'rated'
    | 'current';
  session: DeskSession;
  /** Who lost it by the event. */
  formerAgentId: string | null;
}

export interface DeskPosition {
  type: 'position';
  sessionId: string;
  /** 1 is the next one. */
  position: number;
}

export interface DeskTyping {
  /** For six seconds, unless it says so again. */
  type: 'typing';
  sessionId: string;
  userId: string;
}

export interface DeskTypingEnded {
  type: 'typing-ended';
  sessionId: string;
  userId: string;
}

/** For agents only. */
export interface DeskNote {
  type: 'note';
  id: string;
  clientMsgId: string;
  sessionId: string;
  authorId: string;
  content: string;
  at: number;
}

export interface DeskReceipt {
  type: 'receipt';
  /** The message's `clientMsgId`. */
  messageId: string;
  conversationId: string;
  /** Who received or read. */
  userId: string;
  status: 'delivered' | 'read';
  at: number;
}

export interface DeskHistory {
  type: 'history';
  sessionId: string;
  /** By sequence. */
  messages: DeskMessage[];
  /** Whether there are older ones. */
  hasMore: boolean;
  /** For agents only. */
  notes?: DeskNote[];
}

/** The last MESSAGE of a sync. */
export interface DeskSyncDone {
  type: 'sync';
  /** Messages sent by this sync. */
  count: number;
  /** False where more is waiting: sync again. */
  complete: boolean;
  /** What was removed, or can't be told in this form; absent where there is nothing such. */
  gone?: GoneRange[];
}

/** MESSAGE at `/topic/agents`. */
export interface DeskAgents {
  type: 'agents';
  /** All who wait, and by skill, the longest queue first. */
  waiting: number;
  /** Those of them whose customers are absent. */
  absent: number;
  queues: { skill: string; count: number; absent: number; since: number }[];
  agents: {
    id: string;
    /** Its status; `suspended` may only read, and is given nobody. */
    state: DeskAgentStatus | 'offline' | 'suspended';
    active: number;
    capacity: number;
    skills: string[];
  }[];
}

/** MESSAGE at `/user/queue/errors`. */
export interface DeskError {
  code: string;
  message: string;
  destination: string;
  messageId: string | null;
}

/** SEND to `/app/chat.sendMessage`. */
export interface DeskChatSend {
  type?: 'CHAT';
  /** As `clientMsgId`. */
  msgId?: string;
  /** As in `DeskSend`; empty counts as absent. */
  sessionId?: string;
  conversationId?: string;
  content: string | { [key: string]: DeskJson };
  /** As `msgType`, in capitals or not. */
  messageType?: string;
  /** Not looked at. */
  chatType?: string;
}

/** SEND to `/app/chat.ack`. */
export interface DeskChatAck {
  /** The `msgId` or `id` of a message that came. */
  msgId: string;
  /** `READ` where it was read, else it has arrived. */
  status?: string;
}

/** SEND to `/app/chat.heartbeat`. */
export interface DeskChatHeartbeat {
  msgId?: string;
}

/** What is told at `/user/queue/messages` to sessions that began with one of these. */
export type DeskChatOut = DeskChat | DeskSessionStatus;

export interface DeskChat {
  type: 'CHAT';
  /** The sender's own. */
  msgId: string;
  /** Given by the server. */
  id: string;
  sessionId: string | null;
  conversationId: string;
  seq: number;
  senderId: string;
  senderName: string;
  messageType: string;
  chatType: 'SERVICE' | 'SINGLE' | 'GROUP' | 'ROOM';
  content: string | { [key: string]: DeskJson };
  status: 'SENT' | 'EDITED' | 'RECALLED';
  timestamp: number;
}

export interface DeskSessionStatus {
  type: 'SESSION_STATUS';
  sessionId: string;
  status: 'WAITING' | 'ACTIVE' | 'CLOSED';
  agentId: string | null;
  agentName: string | null;
  closeReason: string | null;
  statusChangeTime: number;
}

/** What became of a frame of such a session, at `/user/queue/reply`. */
export interface DeskAck {
  type: 'ACK';
  /** Null where the frame had none. */
  originalMsgId: string | null;
  sessionId: string | null;
  status: 'SUCCESS' | 'FAIL';
  errorCode: string | null;
  errorMessage: string | null;
  timestamp: number;
}
