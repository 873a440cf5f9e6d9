import { DomainError } from '../../core/errors.ts';
import type { Content, ContentType, JsonValue } from '../../core/model.ts';

/** A body's content in the core's words: text as it is, a JSON object beside an empty text. EINVAL for anything else. */
export function readPlainContent(type: ContentType, content: unknown): Content {
  if (typeof content === 'string') return { type, text: content, extra: null };
  if (type !== 'text' && typeof content === 'object' && content !== null && !Array.isArray(content)) {
    return { type, text: '', extra: content as JsonValue };
  }
  const allowed = type === 'text' ? 'a string' : 'a string or an object';
  throw new DomainError('EINVAL', `content must be ${allowed}`, { field: 'content' });
}

/** The content as clients read it. What other dialects keep beside the text comes as one object with it. */
export function plainContent({ text, extra }: Content): string | { [key: string]: JsonValue } {
  if (extra === null || typeof extra !== 'object' || Array.isArray(extra)) return text;
  return text === '' ? extra : { ...extra, text };
}
