import { requireSafeLink } from './addresses.ts';
import { DomainError } from './errors.ts';
import type { Limits } from './limits.ts';
import type { Content, ContentType, JsonValue } from './model.ts';
import { characters, requireWellFormed, tooLong } from './validate.ts';

/** Longest id that a client may give to its message, in characters. */
export const MAX_CLIENT_ID_LENGTH = 128;

/** The field beside a content that names the type somebody added; the content is `custom` then. */
export const TYPE_FIELD = 'contentType';

/** Has a dot, which no type of a dialect has. */
export const ADDED_TYPE = /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/;

/** Deepest JSON beside a text, in objects and arrays inside each other: what walks it, or copies it, may be recursive. */
export const MAX_EXTRA_DEPTH = 64;

/**
 * Throws EINVAL or ETOOLONG naming the field, unless the content may be stored.
 *
 * @param isForward whether an empty text stands for the original's
 */
export function requireContent(
  { type, text, extra, fields }: Content,
  limits: Limits,
  isForward = false,
): void {
  if (type === 'text' && text.length > limits.maxTextLength && characters(text) > limits.maxTextLength) {
    throw tooLong('content', limits.maxTextLength);
  }
  if (type !== 'text') requireBytes(Buffer.byteLength(text), limits);
  if (type === 'text' && text === '' && !isForward) {
    throw new DomainError('EINVAL', 'content of a text message must not be empty', { field: 'content' });
  }
  requireWellFormed(text, 'content');
  requireSafeLinks(type, text, extra);
  if (extra !== null) requireExtra(extra, limits);
  if (fields !== undefined) requireExtra(fields as JsonValue, limits);
}

/** The added type that a content says it is of; undefined for those of the core. */
export function addedTypeOf({ fields }: Content): string | undefined {
  const name = fields && Object.hasOwn(fields, TYPE_FIELD) ? fields[TYPE_FIELD] : undefined;
  return typeof name === 'string' && ADDED_TYPE.test(name) ? name : undefined;
}

/** Throws EINVAL unless the id can be a client's id of a message. */
export function requireClientId(id: string): void {
  const length = characters(id);
  if (length === 0 || length > MAX_CLIENT_ID_LENGTH) {
    throw new DomainError('EINVAL', `messageId must have 1 to ${MAX_CLIENT_ID_LENGTH} characters`, {
      field: 'messageId',
      limit: MAX_CLIENT_ID_LENGTH,
    });
  }
  requireWellFormed(id, 'messageId');
}

/** What clients open or show of a picture, file, voice, video or card, by whatever dialect it came. */
function requireSafeLinks(type: ContentType, text: string, extra: JsonValue): void {
  if (!LINKED.has(type)) return;
  const shown = extra ?? documentIn(text);
  if (typeof shown === 'string') requireSafeLink(text, 'content');
  if (typeof shown !== 'object' || shown === null || Array.isArray(shown)) return;
  for (const key of LINK_FIELDS) {
    const link = (shown as { readonly [key: string]: JsonValue })[key];
    if (typeof link === 'string') requireSafeLink(link, `content.${key}`);
  }
}

const LINKED: ReadonlySet<ContentType> = new Set(['image', 'file', 'voice', 'video', 'card']);
const LINK_FIELDS = ['url', 'thumbnailUrl', 'avatar'] as const;

/** What a text says in the place of a document: some clients put JSON as text where others put an object. */
export function documentIn(text: string): JsonValue {
  if (!/^\s*[{[]/.test(text)) return text;
  try {
    const value = JSON.parse(text) as JsonValue;
    return isDeeper(value, MAX_EXTRA_DEPTH) ? text : value;
  } catch {
    return text; // It is a text then, and points at nothing.
  }
}

function requireExtra(extra: JsonValue, limits: Limits): void {
  if (isDeeper(extra, MAX_EXTRA_DEPTH)) {
    throw new DomainError('EINVAL', `content is nested deeper than ${MAX_EXTRA_DEPTH} levels`, {
      field: 'content',
      limit: MAX_EXTRA_DEPTH,
    });
  }
  requireBytes(Buffer.byteLength(JSON.stringify(extra)), limits);
}

/** What is no text for people (an address, a picture's data, JSON) is measured in bytes. */
function requireBytes(bytes: number, { maxExtraBytes: limit }: Limits): void {
  if (bytes <= limit) return;
  throw new DomainError('ETOOLONG', `content has more than ${limit} bytes`, { field: 'content', limit });
}

/** Whether objects and arrays lie inside each other in more levels than these. */
export function isDeeper(value: JsonValue, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
