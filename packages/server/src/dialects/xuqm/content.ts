import type { XuqmMessageType } from '@haina/wire';
import { DomainError } from '../../core/errors.ts';
import type { Content, ContentType, JsonValue } from '../../core/model.ts';

const TYPES: Record<XuqmMessageType, ContentType> = {
  TEXT: 'text',
  IMAGE: 'image',
  FILE: 'file',
  VOICE: 'voice',
  VIDEO: 'video',
  LOCATION: 'location',
  CARD: 'card',
  CUSTOM: 'custom',
};

const NAMES = Object.fromEntries(Object.entries(TYPES).map(([name, type]) => [type, name])) as Record<
  ContentType,
  XuqmMessageType
>;

/** A body's content in the core's words: text as it is, a JSON object beside an empty text. EINVAL for anything else. */
export function toContent(msgType: XuqmMessageType, content: unknown): Content {
  const type = TYPES[msgType];
  if (typeof content === 'string') return { type, text: content, extra: null };
  if (type !== 'text' && typeof content === 'object' && content !== null && !Array.isArray(content)) {
    return { type, text: '', extra: content as JsonValue };
  }
  const allowed = type === 'text' ? 'a string' : 'a string or an object';
  throw new DomainError('EINVAL', `content must be ${allowed}`, { field: 'content' });
}

export function toMessageType(type: ContentType): XuqmMessageType {
  return NAMES[type];
}

/** The content as `xuqm` clients read it. What other dialects keep beside the text comes as one object with it. */
export function fromContent({ text, extra }: Content): string | { [key: string]: JsonValue } {
  if (extra === null || typeof extra !== 'object' || Array.isArray(extra)) return text;
  return text === '' ? extra : { ...extra, text };
}
