import {
  type Close,
  type CloseName,
  closeOf,
  type StompErrorCode,
  type StompFrame,
  StompProtocolError,
} from '@haina/wire';

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

/** Where an error's code has several causes, those that are not this one name their close themselves. */
const CLOSE_BY_ERROR: Readonly<Record<StompErrorCode, CloseName>> = {
  malformed: 'malformed',
  'too-large': 'too-large',
  command: 'command',
  header: 'header',
  unauthorized: 'token-refused',
  timeout: 'no-heart-beat',
  overload: 'overload',
  internal: 'internal',
};

/** How the connection closes after an ERROR. */
export function closeAfter({ code, close, message }: StompProtocolError): Close {
  const { code: number, reason } = closeOf(close ?? CLOSE_BY_ERROR[code], message);
  return { code: number, reason: cut(reason) };
}

/** Cuts a close reason to the bytes it may have (RFC 6455, section 5.5.1), never inside a character. */
function cut(text: string): string {
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
