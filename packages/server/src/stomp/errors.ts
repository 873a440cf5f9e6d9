import { type StompErrorCode, type StompFrame, StompProtocolError } from '@haina/wire';

/** A refusal because the session's own budget is used up. The session goes on. */
export class StompLimitError extends Error {
  override readonly name = 'StompLimitError';
  readonly limit: number;

  constructor(message: string, limit: number) {
    super(message);
    this.limit = limit;
  }
}

/** A refusal of COMMIT because frames of its transaction were refused. Those that were not stay carried out. */
export class StompTransactionError extends Error {
  override readonly name = 'StompTransactionError';
  readonly refused: number;

  constructor(refused: number, total: number) {
    super(`${refused} of the transaction's ${total} frames were refused`);
    this.refused = refused;
  }
}

/** RFC 6455, section 7.4.1. */
export const CLOSE_NORMAL = 1000;
export const CLOSE_PROTOCOL_ERROR = 1002;
export const CLOSE_POLICY_VIOLATION = 1008;
export const CLOSE_INTERNAL_ERROR = 1011;

/** How the connection closes after an ERROR. Clients can tell their own mistakes from what may pass by itself. */
export const CLOSE_CODES: Readonly<Record<StompErrorCode, number>> = {
  malformed: CLOSE_PROTOCOL_ERROR,
  'too-large': CLOSE_PROTOCOL_ERROR,
  command: CLOSE_PROTOCOL_ERROR,
  header: CLOSE_PROTOCOL_ERROR,
  unauthorized: CLOSE_POLICY_VIOLATION,
  timeout: CLOSE_POLICY_VIOLATION,
  overload: CLOSE_POLICY_VIOLATION,
  internal: CLOSE_INTERNAL_ERROR,
};

/** Cuts a close reason to the bytes it may have (RFC 6455, section 5.5.1), never inside a character. */
export function closeReason(text: string): string {
  return text.slice(0, new TextEncoder().encodeInto(text, new Uint8Array(123)).read);
}

/** An internal error tells the client nothing of its cause. */
export function internalError(cause: unknown): StompProtocolError {
  return new StompProtocolError('Internal error', 'The server failed; try again later.', {
    code: 'internal',
    cause,
  });
}

export function overload(detail: string): StompProtocolError {
  return new StompProtocolError('Too much outstanding', detail, { code: 'overload' });
}

export function heartBeatMissed(): StompProtocolError {
  const detail = 'Nothing came for twice the time agreed on by heart-beat.';
  return new StompProtocolError('Heart-beat missed', detail, { code: 'timeout' });
}

export function notFinishedInTime(): StompProtocolError {
  const detail = 'Frames before DISCONNECT were not finished in time; they may or may not take effect.';
  return new StompProtocolError('Not finished in time', detail, { code: 'internal' });
}

/** A header that the frame must have, and not empty. */
export function requireHeader(frame: StompFrame, name: string): string {
  const value = frame.headers.get(name);
  if (value === undefined || value === '') {
    throw new StompProtocolError(`Missing ${name}`, `${frame.command} needs the header ${name}.`);
  }
  return value;
}
