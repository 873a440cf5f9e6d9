import { encodeImJson, encodeImProtobuf, type ImMessage } from '@haina/wire';
import { DomainError } from '../../core/errors.ts';
import type { CoreEvent } from '../../core/events.ts';
import type { Connection } from '../../transport/connection.ts';
import type { ImEncoding } from './schemas.ts';

const PROTOBUF_TYPE = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

/** The encoding of a media type; undefined where there is none. */
export function encodingOf(mediaType: string | undefined): ImEncoding | undefined {
  if (mediaType === undefined) return undefined;
  return mediaType.includes(PROTOBUF_TYPE) ? 'protobuf' : 'json';
}

/**
 * The encoding that a client asks for. EINVAL for protobuf where only text can travel.
 *
 * @param otherwise where the client asks for none
 */
export function requireEncoding(
  { carriesBinary }: Pick<Connection, 'carriesBinary'>,
  mediaType: string | undefined,
  otherwise: ImEncoding,
): ImEncoding {
  const encoding = encodingOf(mediaType) ?? otherwise;
  if (encoding === 'protobuf' && !carriesBinary) {
    throw new DomainError('EINVAL', 'SockJS carries text only: use application/json', { field: 'accept' });
  }
  return encoding;
}

export function mediaTypeOf(encoding: ImEncoding): string {
  return encoding === 'protobuf' ? PROTOBUF_TYPE : JSON_TYPE;
}

export function encode(message: ImMessage, encoding: ImEncoding): Uint8Array {
  return encoding === 'protobuf' ? encodeImProtobuf(message) : Buffer.from(encodeImJson(message));
}

/** Bodies by event and form: each is written once, however many shapes it goes out in. */
const bodies = new WeakMap<CoreEvent, Map<string, Uint8Array | undefined>>();

/** An event in the form of one of the dialect's places; undefined for events that do not go there. */
export function encodedEvent(
  event: CoreEvent,
  name: string,
  encoding: ImEncoding,
  render: () => ImMessage | undefined,
): Uint8Array | undefined {
  const key = `${name}/${encoding}`;
  const known = bodies.get(event) ?? new Map<string, Uint8Array | undefined>();
  bodies.set(event, known);
  if (!known.has(key)) {
    const message = render();
    known.set(key, message && encode(message, encoding));
  }
  return known.get(key);
}
