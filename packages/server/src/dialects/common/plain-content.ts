import { addedTypeOf, TYPE_FIELD } from '../../core/content.ts';
import { DomainError } from '../../core/errors.ts';
import type { Content, ContentType, JsonValue } from '../../core/model.ts';

/**
 * A body's content in the core's words: text as it is, a JSON object beside what it has as `text`, as `plainContent` puts
 * them together. EINVAL for anything else.
 */
export function readPlainContent(type: ContentType, content: unknown): Content {
  if (typeof content === 'string') return { type, text: content, extra: null };
  // Jackson writes numbers and booleans into a string field too.
  if (typeof content === 'number' || typeof content === 'boolean') {
    return { type, text: String(content), extra: null };
  }
  if (type !== 'text' && typeof content === 'object' && content !== null && !Array.isArray(content)) {
    return { type, ...splitText(type, content as { readonly [key: string]: JsonValue }) };
  }
  const allowed = type === 'text' ? 'a string' : 'a string or an object';
  throw new DomainError('EINVAL', `content must be ${allowed}`, { field: 'content' });
}

/** The object of a custom message is the application's own, and stays whole. */
function splitText(
  type: ContentType,
  object: { readonly [key: string]: JsonValue },
): Pick<Content, 'text' | 'extra'> {
  const { text, ...extra } = object;
  if (type === 'custom' || typeof text !== 'string' || text === '') return { text: '', extra: object };
  return { text, extra };
}

/** Whether somebody added a message type of this name. */
export type IsAdded = (name: string) => boolean;

/** The types that a dialect has a name for, and those that were added. */
export interface NamedTypes {
  readonly names: Readonly<Record<string, ContentType>>;
  readonly isAdded: IsAdded;
}

/** As `readPlainContent`, of a type by its name. EINVAL for what is no type. */
export function readNamedContent(
  { names, isAdded }: NamedTypes,
  msgType: unknown,
  content: unknown,
): Content {
  const name = typeof msgType === 'string' ? msgType : '';
  const type = Object.hasOwn(names, name) ? names[name] : undefined;
  if (type !== undefined) return readPlainContent(type, content);
  if (isAdded(name)) return { ...readPlainContent('custom', content), fields: { [TYPE_FIELD]: name } };
  throw new DomainError('EINVAL', `msgType must be one of ${Object.keys(names).join(', ')}`, {
    field: 'msgType',
  });
}

/** The name of an added type; undefined for the types of the core. */
export function addedNameOf(content: Content): `${string}.${string}` | undefined {
  const name = content.type === 'custom' ? addedTypeOf(content) : undefined;
  return name as `${string}.${string}` | undefined;
}

/** The content as clients read it. What other dialects keep beside the text comes as one object with it. */
export function plainContent({ text, extra }: Content): string | { [key: string]: JsonValue } {
  if (extra === null || typeof extra !== 'object' || Array.isArray(extra)) return text;
  return text === '' ? extra : { ...extra, text };
}
