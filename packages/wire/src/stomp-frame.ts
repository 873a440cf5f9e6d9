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

/** A violation of the STOMP specification by the peer: answered with an ERROR frame, then the connection closes. */
export class StompProtocolError extends Error {
  override readonly name = 'StompProtocolError';
  /** The longer explanation for the ERROR frame's body. */
  readonly detail: string;
  /** The offending frame's `receipt`, where it is known. */
  readonly receiptId: string | undefined;

  constructor(message: string, detail = message, receiptId?: string) {
    super(message);
    this.detail = detail;
    this.receiptId = receiptId;
  }
}
