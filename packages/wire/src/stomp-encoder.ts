import { escapeHeaderName, escapeHeaderValue, isEscaped } from './stomp-escape.ts';
import type { StompVersion } from './stomp-frame.ts';

const encoder = new TextEncoder();
const NO_BODY = new Uint8Array(0);

/** Makes room for a frame; what the room holds before does not matter. On Node, `Buffer.allocUnsafe` is much faster. */
export type Allocate<Bytes extends Uint8Array> = (length: number) => Bytes;

const allocateArray = (length: number): Uint8Array => new Uint8Array(length);

/** Headers in the order they are written. A `Map` is one. */
export type StompHeaderEntries = Iterable<readonly [name: string, value: string]>;

/**
 * Encodes any frame. `content-length` is written for every frame with a body, and never taken from `headers`.
 *
 * @param body text is written as UTF-8
 */
export function encodeFrame<Bytes extends Uint8Array = Uint8Array>(
  command: string,
  headers: StompHeaderEntries,
  body: Uint8Array | string = NO_BODY,
  version: StompVersion = '1.2',
  allocate: Allocate<Bytes> = allocateArray as Allocate<Bytes>,
): Bytes {
  const bytes = typeof body === 'string' ? encodeBody(body) : body;
  const escaped = isEscaped(command, version);
  let head = `${command}\n`;
  for (const [name, value] of headers) {
    if (name !== 'content-length') head += headerLine(name, value, escaped, version);
  }
  if (bytes.length > 0) head += `content-length:${bytes.length}\n`;
  return assemble(head, bytes, allocate);
}

/** Most frames have no body, and encoding nothing is not free. */
function encodeBody(text: string): Uint8Array {
  return text === '' ? NO_BODY : encoder.encode(text);
}

/** A MESSAGE frame as one subscription receives it. */
export interface StompMessage {
  readonly destination: string;
  /** `undefined` only for a 1.0 subscription that gave no id. */
  readonly subscriptionId: string | undefined;
  readonly messageId: string;
  /** What a 1.2 client acknowledges by; `undefined` under `ack:auto` and before 1.2. */
  readonly ackId?: string | undefined;
  readonly contentType?: string | undefined;
  /** The sender's own headers. Those that have a meaning on MESSAGE, or asked something of the server, are left out. */
  readonly headers?: StompHeaderEntries;
  readonly body: Uint8Array;
}

/** Headers that are not passed on from a SEND frame to the MESSAGE frames it causes. */
const NOT_RELAYED: ReadonlySet<string> = new Set([
  'destination',
  'subscription',
  'message-id',
  'ack',
  'content-type',
  'content-length',
  'receipt',
  'transaction',
]);

/** Encodes a MESSAGE frame, always with `content-length` (STOMP 1.2, "MESSAGE"). */
export function encodeMessage<Bytes extends Uint8Array = Uint8Array>(
  message: StompMessage,
  version: StompVersion,
  allocate: Allocate<Bytes> = allocateArray as Allocate<Bytes>,
): Bytes {
  const escaped = version !== '1.0';
  let head = `MESSAGE\ndestination:${escapeHeaderValue(message.destination, escaped, version)}\n`;
  if (message.subscriptionId !== undefined) {
    head += `subscription:${escapeHeaderValue(message.subscriptionId, escaped, version)}\n`;
  }
  head += `message-id:${escapeHeaderValue(message.messageId, escaped, version)}\n`;
  if (message.ackId !== undefined) head += `ack:${escapeHeaderValue(message.ackId, escaped, version)}\n`;
  if (message.contentType !== undefined) {
    head += `content-type:${escapeHeaderValue(message.contentType, escaped, version)}\n`;
  }
  head += `content-length:${message.body.length}\n`;
  if (message.headers !== undefined) head += relayedHeaders(message.headers, escaped, version);
  return assemble(head, message.body, allocate);
}

function relayedHeaders(headers: StompHeaderEntries, escaped: boolean, version: StompVersion): string {
  let lines = '';
  for (const [name, value] of headers) {
    if (!NOT_RELAYED.has(name)) lines += headerLine(name, value, escaped, version);
  }
  return lines;
}

/** A nameless header cannot be written: every peer would reject the frame for it. */
function headerLine(name: string, value: string, escaped: boolean, version: StompVersion): string {
  if (name === '') return '';
  return `${escapeHeaderName(name, escaped, version)}:${escapeHeaderValue(value, escaped, version)}\n`;
}

/** Joins head, blank line, body and the final NUL. */
function assemble<Bytes extends Uint8Array>(
  head: string,
  body: Uint8Array,
  allocate: Allocate<Bytes>,
): Bytes {
  const text = `${head}\n`;
  const frame = allocate(text.length + body.length + 1);
  const { read, written } = encoder.encodeInto(text, frame);
  const isAscii = read === text.length && written === text.length;
  return isAscii ? finish(frame, written, body) : assembleUnicode(text, body, allocate);
}

/** A head with other characters than ASCII is longer in bytes than in characters. */
function assembleUnicode<Bytes extends Uint8Array>(
  text: string,
  body: Uint8Array,
  allocate: Allocate<Bytes>,
): Bytes {
  const head = encoder.encode(text);
  const frame = allocate(head.length + body.length + 1);
  frame.set(head, 0);
  return finish(frame, head.length, body);
}

function finish<Bytes extends Uint8Array>(frame: Bytes, headLength: number, body: Uint8Array): Bytes {
  frame.set(body, headLength);
  frame[frame.length - 1] = 0;
  return frame;
}
