import type { CloseName } from './close-codes.ts';

export type StompVersion = '1.0' | '1.1' | '1.2';

/** Highest first, as version negotiation prefers them. */
export const STOMP_VERSIONS: readonly StompVersion[] = ['1.2', '1.1', '1.0'];

/** Frames a client may send (STOMP 1.2, "Client Frames"; `STOMP` is 1.1's other name for CONNECT). */
export const CLIENT_COMMANDS = [
  'CONNECT',
  'STOMP',
  'SEND',
  'SUBSCRIBE',
  'UNSUBSCRIBE',
  'ACK',
  'NACK',
  'BEGIN',
  'COMMIT',
  'ABORT',
  'DISCONNECT',
] as const;
export type ClientCommand = (typeof CLIENT_COMMANDS)[number];

/** Frames a server may send (STOMP 1.2, "Server Frames"). */
export const SERVER_COMMANDS = ['CONNECTED', 'MESSAGE', 'RECEIPT', 'ERROR'] as const;
export type ServerCommand = (typeof SERVER_COMMANDS)[number];

/** One decoded frame. Headers are unescaped; of a repeated header the first occurrence counts. */
export interface StompFrame<Command extends string = string> {
  readonly command: Command;
  readonly headers: ReadonlyMap<string, string>;
  /** Shares memory with the input where the frame came in one piece. */
  readonly body: Uint8Array;
}

/** What kind of violation it was, for metrics and for the choice of a close code. A closed set. */
export type StompErrorCode =
  | 'malformed' // the bytes are no STOMP frame
  | 'too-large' // over a size or count limit
  | 'command' // a command that is unknown, or not allowed from this peer or at this time
  | 'header' // a header that is missing, or whose value makes no sense
  | 'unauthorized' // not, or no longer, authenticated
  | 'timeout' // what was agreed did not come in time
  | 'overload' // more work or data outstanding than a session may have
  | 'internal'; // not the peer's fault

export interface StompErrorOptions {
  readonly code?: StompErrorCode;
  /** How the connection closes, where the code does not say it. */
  readonly close?: CloseName | undefined;
  /** The offending frame's `receipt`, where it is known. */
  readonly receiptId?: string | undefined;
  /** More headers for the ERROR frame, such as `version` after a failed negotiation. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** The end of a STOMP session: answered with an ERROR frame, then the connection closes. */
export class StompProtocolError extends Error {
  override readonly name = 'StompProtocolError';
  /** The longer explanation for the ERROR frame's body. */
  readonly detail: string;
  readonly code: StompErrorCode;
  readonly close: CloseName | undefined;
  readonly receiptId: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  /** @param message a short phrase for the `message` header, the same for every error of its kind */
  constructor(message: string, detail = message, options: StompErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.detail = detail;
    this.code = options.code ?? 'header';
    this.close = options.close;
    this.receiptId = options.receiptId;
    this.headers = options.headers ?? {};
  }
}
