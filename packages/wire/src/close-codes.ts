/** The end of a connection as its close frame tells it. */
export interface Close {
  readonly code: number;
  readonly reason: string;
}

/**
 * Whether a client connects again: not as it is, once it has a new token, or after a pause. A code from 4100 to 4199 means
 * `new-token`, one from 4200 to 4399 `no`, and one from 4400 to 4999 `yes`, so that clients can act on codes that they don't
 * know. 4000 to 4099 are left to client libraries that make up codes of their own, as stompjs does with 4001.
 */
export type Reconnect = 'no' | 'new-token' | 'yes';

export interface CloseCode {
  readonly code: number;
  /** `null` where each close has its own: the message of the ERROR frame before it. */
  readonly reason: string | null;
  readonly reconnect: Reconnect;
}

/** Every close code by its cause. `docs/errors.md` explains them. Below 4000 are those of RFC 6455 and of SockJS. */
export const CLOSE_CODES = {
  normal: { code: 1000, reason: '', reconnect: 'no' },
  shutdown: { code: 1001, reason: 'server shutting down', reconnect: 'yes' },
  // Sent by the WebSocket library: a breach of RFC 6455, and a text that is no UTF-8.
  websocket: { code: 1002, reason: '', reconnect: 'no' },
  encoding: { code: 1007, reason: '', reconnect: 'no' },
  undecryptable: { code: 1008, reason: 'a frame could not be decrypted', reconnect: 'no' },
  oversized: { code: 1009, reason: 'message too big', reconnect: 'no' },
  internal: { code: 1011, reason: 'internal error', reconnect: 'yes' },

  'token-missing': { code: 4100, reason: 'Unauthorized: token-missing', reconnect: 'new-token' },
  'token-expired': { code: 4101, reason: 'Unauthorized: token-expired', reconnect: 'new-token' },
  'token-refused': { code: 4102, reason: 'Unauthorized: token-refused', reconnect: 'new-token' },

  'user-gone': { code: 4200, reason: 'Unauthorized: user-gone', reconnect: 'no' },
  'user-disabled': { code: 4201, reason: 'Unauthorized: user-disabled', reconnect: 'no' },
  refused: { code: 4202, reason: 'Refused', reconnect: 'no' },
  'too-many-sessions': { code: 4203, reason: 'Refused: too many sessions', reconnect: 'no' },
  malformed: { code: 4300, reason: null, reconnect: 'no' },
  'too-large': { code: 4301, reason: null, reconnect: 'no' },
  command: { code: 4302, reason: null, reconnect: 'no' },
  header: { code: 4303, reason: null, reconnect: 'no' },
  'repeated-frame': { code: 4304, reason: 'a frame came twice', reconnect: 'no' },

  'slow-consumer': { code: 4400, reason: 'slow consumer', reconnect: 'yes' },
  'no-heart-beat': { code: 4401, reason: 'no heart-beat', reconnect: 'yes' },
  'connect-timeout': { code: 4402, reason: 'not connected in time', reconnect: 'yes' },
  overload: { code: 4403, reason: 'too much outstanding', reconnect: 'yes' },
  'too-many-frames': { code: 4404, reason: 'too many frames; connect again', reconnect: 'yes' },
  'role-changed': { code: 4405, reason: 'Unauthorized: role-changed', reconnect: 'yes' },
  'refused-for-now': { code: 4406, reason: 'Refused for now', reconnect: 'yes' },

  // SockJS alone: sockjs-protocol 1.0 prescribes code and reason.
  'sockjs-interrupted': { code: 1002, reason: 'Connection interrupted', reconnect: 'yes' },
  'sockjs-occupied': { code: 2010, reason: 'Another connection still open', reconnect: 'no' },
} as const satisfies Readonly<Record<string, CloseCode>>;

export type CloseName = keyof typeof CLOSE_CODES;

/** The close for a cause. @param said the reason, where the table leaves it open */
export function closeOf(name: CloseName, said = ''): Close {
  const { code, reason } = CLOSE_CODES[name];
  return { code, reason: reason ?? said };
}
