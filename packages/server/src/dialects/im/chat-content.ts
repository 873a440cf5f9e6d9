import { type ImChatContent, ImMessageType, type ImSendableType } from '@haina/wire';
import { type TObject, type TSchema, Type } from 'typebox';
import { ADDRESS_PATTERN } from '../../core/addresses.ts';
import { DomainError } from '../../core/errors.ts';
import { MAX_ID_LENGTH } from '../../core/validate.ts';
import { lenientReader, parseJsonText, type ValueReader } from '../common/json.ts';

/** Longest address in a content, in characters: signed ones of object stores are long. */
const MAX_LINK_LENGTH = 8192;
const url = Type.String({ pattern: ADDRESS_PATTERN, maxLength: MAX_LINK_LENGTH });
const count = Type.Optional(Type.Integer({ minimum: 0 }));
const seconds = Type.Optional(Type.Number({ minimum: 0 }));
const word = Type.Optional(Type.String());
const messageId = Type.String({ minLength: 1 });
export const objectOrNull = Type.Unsafe<object | null>({ type: ['object', 'null'] });

const withExtra = (extra: Record<string, TSchema>): TObject =>
  Type.Object({ content: Type.String(), contentExtra: Type.Object(extra) });

/** What a client may say, section 4.2; voice, video, location and card by analogy. */
export const CHAT_FORMS: Readonly<Record<ImSendableType, TObject>> = {
  [ImMessageType.CHAT_TEXT]: Type.Object({
    content: Type.String(),
    contentExtra: Type.Optional(objectOrNull),
  }),
  [ImMessageType.CHAT_IMAGE]: withExtra({ url, width: count, height: count, size: count, format: word }),
  [ImMessageType.CHAT_FILE]: withExtra({ url, size: count, type: word, extension: word }),
  [ImMessageType.CHAT_VOICE]: withExtra({ url, duration: seconds, size: count, format: word }),
  [ImMessageType.CHAT_VIDEO]: withExtra({
    url,
    duration: seconds,
    width: count,
    height: count,
    size: count,
    format: word,
    thumbnailUrl: Type.Optional(url),
  }),
  [ImMessageType.CHAT_LOCATION]: withExtra({
    latitude: Type.Number({ minimum: -90, maximum: 90 }),
    longitude: Type.Number({ minimum: -180, maximum: 180 }),
    address: word,
  }),
  [ImMessageType.CHAT_CARD]: withExtra({
    userId: Type.String({ minLength: 1, maxLength: MAX_ID_LENGTH }),
    nickname: word,
    avatar: Type.Optional(url),
  }),
  [ImMessageType.CHAT_QUOTE]: Type.Object({
    content: Type.String(),
    quotedMessageId: messageId,
    quotedContent: word,
    quotedSenderId: word,
  }),
  [ImMessageType.CHAT_FORWARD]: Type.Object({
    content: word,
    originalMessageId: messageId,
    forwardReason: word,
  }),
};

/** Where a content can be in a body: `/app/chat` and `/app/edit-message`. */
export type ContentField = 'content' | 'newContent';

const readersAt = (field: ContentField): ReadonlyMap<number, ValueReader<unknown>> =>
  new Map(Object.entries(CHAT_FORMS).map(([type, form]) => [Number(type), lenientReader(form, field)]));
const READERS = { content: readersAt('content'), newContent: readersAt('newContent') };

/** Types that need more than a text to say what they quote or forward. */
const REFERENCES: ReadonlySet<ImSendableType> = new Set([
  ImMessageType.CHAT_QUOTE,
  ImMessageType.CHAT_FORWARD,
]);

/**
 * The document that a client sent as content: as it is, as its JSON text, or as a plain text for
 * `{content, contentExtra: null}`, of any type but a quote or forward. EINVAL naming the field where it does not fit the
 * type; further fields stay.
 */
export function readChatContent(
  type: ImSendableType,
  content: unknown,
  field: ContentField = 'content',
): { document: ImChatContent } {
  const found = toDocument(type, content, field);
  if (found === undefined) return { document: { content: content as string, contentExtra: null } };
  const document = READERS[field].get(type)?.(found) as ImChatContent;
  return { document: type === ImMessageType.CHAT_TEXT ? { contentExtra: null, ...document } : document };
}

/** Undefined for a plain text. */
function toDocument(type: ImSendableType, content: unknown, field: ContentField): object | undefined {
  if (typeof content === 'string') {
    if (isDocument(type, content)) return parseJsonText(content, field) as object;
    if (REFERENCES.has(type)) return { content };
    if (content !== '' || type === ImMessageType.CHAT_TEXT) return undefined;
    throw new DomainError('EINVAL', `${field} must not be empty`, { field });
  }
  if (isObject(content)) return content;
  throw new DomainError('EINVAL', `${field} must be a string or an object`, { field });
}

/** People type braces too: a text is a document only with the fields of section 4.2; one without `contentExtra` has none. */
function isDocument(type: ImSendableType, text: string): boolean {
  if (!text.trimStart().startsWith('{')) return false;
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return false;
    if (type !== ImMessageType.CHAT_TEXT) return true;
    return 'content' in value && ('contentExtra' in value || typeof value.content === 'string');
  } catch {
    return false;
  }
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
