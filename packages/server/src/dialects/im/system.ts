import {
  type ImEnvelope,
  type ImError,
  ImMessageStatus,
  ImMessageType,
  type ImSystemMessage,
} from '@haina/wire';
import type { Policy } from '../../core/policies.ts';
import type { StompSession } from '../../stomp/session.ts';
import type { ChatSession } from '../common/chat-session.ts';
import type { Farewell } from '../common/stomp/binding.ts';
import { serverEnvelope } from './envelope.ts';

/** The session that is told something of itself, and when. */
export interface Addressee {
  readonly userId: string;
  readonly deviceId: string;
  /** By the server's clock, in ms. */
  readonly now: number;
}

/** What concerns one session only. Its document has the server's time. */
export function renderSystem(
  to: Addressee,
  type: ImSystemMessage['type'],
  document: object,
  code = '',
): ImSystemMessage {
  const content = JSON.stringify({ ...document, timestamp: to.now });
  return { ...envelopeTo(to), type, system: { content, code } };
}

/** What a client should know of its new session: how long it lasts, how to keep it alive, and what binds it. */
export function renderConnected(
  to: Addressee,
  { id, expiresAt }: ChatSession,
  { heartBeat, settings }: StompSession,
  { limits, permission }: Policy,
): ImSystemMessage {
  return renderSystem(to, ImMessageType.SYSTEM_CONNECT, {
    sessionId: id,
    userId: to.userId,
    deviceId: to.deviceId,
    expiresAt,
    heartBeat: { client: heartBeat.incoming, server: heartBeat.outgoing },
    permission,
    limits: {
      maxMessageLength: limits.maxTextLength,
      maxExtraBytes: limits.maxExtraBytes,
      maxFrameBytes: settings.maxFrameBytes,
      maxSubscriptions: settings.maxSubscriptions,
      maxUnacknowledged: settings.maxUnacknowledged,
      maxSessions: limits.maxSessionsPerUser,
      sendRate: limits.sendRate,
      recallWindow: limits.recallWindow,
      editWindow: limits.editWindow,
    },
  });
}

interface Goodbye {
  readonly code: string;
  readonly message: string;
  /** Whether the same token serves to come back. */
  readonly reconnect: boolean;
}

const GOODBYES: Readonly<Record<Farewell, Goodbye>> = {
  'token-expired': { code: 'EAUTH', message: 'the token has expired', reconnect: false },
  'user-deleted': { code: 'EAUTH', message: 'the user was deleted', reconnect: false },
  'user-disabled': { code: 'EAUTH', message: 'the user was disabled', reconnect: false },
  'sessions-ended': { code: 'EAUTH', message: "a manager ended the user's sessions", reconnect: false },
  'password-changed': { code: 'EAUTH', message: 'the password was changed', reconnect: false },
  'role-changed': { code: 'EAUTH', message: 'the user has another role now; connect again', reconnect: true },
  'server-stopping': { code: '', message: 'the server stops; connect again', reconnect: true },
};

/** Why the server is about to close the session. */
export function renderGoodbye(to: Addressee, reason: Farewell): ImSystemMessage {
  const { code, message, reconnect } = GOODBYES[reason];
  return renderSystem(to, ImMessageType.SYSTEM_DISCONNECT, { reason, message, reconnect }, code);
}

/** A refusal for who reads protobuf only. */
export function renderRefusal(to: Addressee, refusal: ImError): ImSystemMessage {
  return {
    ...envelopeTo(to, { status: ImMessageStatus.MESSAGE_FAILED }),
    type: ImMessageType.SYSTEM_STATUS,
    system: { content: JSON.stringify(refusal), code: refusal.code },
  };
}

/** Tells one who waits for a renewed token that there is none. */
export function renderAuthRefusal(
  to: Addressee,
  { code, message }: Pick<ImError, 'code' | 'message'>,
): ImSystemMessage {
  return {
    ...renderSystem(to, ImMessageType.SYSTEM_AUTH, { code, message }, code),
    status: ImMessageStatus.MESSAGE_FAILED,
  };
}

function envelopeTo({ userId, deviceId, now }: Addressee, named: Partial<ImEnvelope> = {}): ImEnvelope {
  return serverEnvelope(now, { receiverId: userId, deviceId, ...named });
}
