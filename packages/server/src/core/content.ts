import { DomainError } from './errors.ts';
import type { Limits } from './limits.ts';
import type { Content } from './model.ts';
import { characters, tooLong } from './validate.ts';

/** Longest id that a client may give to its message, in characters. */
export const MAX_CLIENT_ID_LENGTH = 128;

/** Throws EINVAL or ETOOLONG naming the field, unless the content may be stored. */
export function requireContent({ type, text, extra }: Content, limits: Limits): void {
  if (text.length > limits.maxTextLength && characters(text) > limits.maxTextLength) {
    throw tooLong('content', limits.maxTextLength);
  }
  if (type === 'text' && text === '') {
    throw new DomainError('EINVAL', 'content of a text message must not be empty', { field: 'content' });
  }
  if (extra === null) return;
  const bytes = Buffer.byteLength(JSON.stringify(extra));
  if (bytes > limits.maxExtraBytes) {
    throw new DomainError('ETOOLONG', `content has more than ${limits.maxExtraBytes} bytes beside its text`, {
      field: 'content',
      limit: limits.maxExtraBytes,
    });
  }
}

/** Throws EINVAL unless the id can be a client's id of a message. */
export function requireClientId(id: string): void {
  if (id.length === 0 || id.length > MAX_CLIENT_ID_LENGTH) {
    throw new DomainError('EINVAL', `messageId must have 1 to ${MAX_CLIENT_ID_LENGTH} characters`, {
      field: 'messageId',
      limit: MAX_CLIENT_ID_LENGTH,
    });
  }
}
