import type { Close } from './close-codes.ts';

/**
 * SockJS framing (sockjs-protocol 1.0, "Protocol and framing"): what a server sends is one of the frames `o`, `h`,
 * `a[…]` and `c[…]`; what a client sends is a JSON array of strings, over a WebSocket also a single JSON string.
 */

/** Announces a new session: the first frame of every session. */
export const SOCKJS_OPEN_FRAME = 'o';

/** Keeps proxies from closing an idle connection. */
export const SOCKJS_HEARTBEAT_FRAME = 'h';

/**
 * Code points that browsers or proxies change on their way, so that a server must send them escaped (sockjs-protocol
 * 1.0, "JSON Unicode Encoding"). Lone surrogates belong to them too: `JSON.stringify` escapes those itself.
 */
const MANGLED = /[\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]/;
const EVERY_MANGLED = new RegExp(MANGLED, 'g');

/** Quotes one message as a JSON string, escaped so that it survives every SockJS transport. */
export function encodeSockJsString(text: string): string {
  const quoted = JSON.stringify(text);
  return MANGLED.test(quoted) ? quoted.replace(EVERY_MANGLED, escapeCodeUnit) : quoted;
}

function escapeCodeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Encodes messages as one array frame, `a["…","…"]`. */
export function encodeSockJsMessages(messages: readonly string[]): string {
  return `a[${messages.map(encodeSockJsString).join(',')}]`;
}

/**
 * Encodes a close frame, `c[code,"reason"]`.
 *
 * Its codes are those of WebSockets, and some of SockJS's own (1002, 2010, 3000).
 */
export function encodeSockJsClose({ code, reason }: Close): string {
  return `c[${code},${encodeSockJsString(reason)}]`;
}

/** What is wrong with a client's payload: it has none, it is not JSON, or it is JSON of another shape. */
export type SockJsPayloadFault = 'missing' | 'syntax' | 'shape';

/** A client sent something that is not SockJS. */
export class SockJsPayloadError extends Error {
  override readonly name = 'SockJsPayloadError';
  readonly fault: SockJsPayloadFault;

  constructor(fault: SockJsPayloadFault, options?: ErrorOptions) {
    // The two texts that sockjs-protocol's conformance tests look for.
    super(fault === 'missing' ? 'Payload expected.' : 'Broken JSON encoding.', options);
    this.fault = fault;
  }
}

/**
 * Reads the body of `xhr_send` or `jsonp_send`: a JSON array of strings, possibly empty.
 *
 * @throws {SockJsPayloadError}
 */
export function parseSockJsBody(body: string): string[] {
  if (body === '') throw new SockJsPayloadError('missing');
  const value = parseJson(body);
  if (!isStringArray(value)) throw new SockJsPayloadError('shape');
  return value;
}

/**
 * Reads one WebSocket message of a SockJS client: a JSON array of strings or one JSON string. An empty message carries
 * nothing and is no error (sockjs-protocol 1.0, `Websocket.test_empty_frame`).
 *
 * @throws {SockJsPayloadError}
 */
export function parseSockJsWebSocketMessage(message: string): string[] {
  if (message === '') return [];
  const value = parseJson(message);
  if (typeof value === 'string') return [value];
  if (!isStringArray(value)) throw new SockJsPayloadError('shape');
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SockJsPayloadError('syntax', { cause });
  }
}

function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}
