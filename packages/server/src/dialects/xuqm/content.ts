import { XUQM_MESSAGE_TYPES, type XuqmMessageType, type XuqmType } from '@haina/wire';
import { addedTypeOf, TYPE_FIELD } from '../../core/content.ts';
import { DomainError } from '../../core/errors.ts';
import type { Content, ContentType } from '../../core/model.ts';
import { readPlainContent } from '../common/plain-content.ts';

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

/**
 * A body's content in the core's words. EINVAL for what is none.
 *
 * @param isAdded whether somebody added a type of this name
 */
export function toContent(msgType: unknown, content: unknown, isAdded: (type: string) => boolean): Content {
  const { name, fields } = typeOf(msgType, isAdded);
  const read = readPlainContent(name, content);
  return fields === undefined ? read : { ...read, fields };
}

function typeOf(
  msgType: unknown,
  isAdded: (type: string) => boolean,
): { readonly name: ContentType; readonly fields?: Content['fields'] } {
  if (typeof msgType === 'string' && Object.hasOwn(TYPES, msgType))
    return { name: TYPES[msgType as XuqmMessageType] };
  if (typeof msgType === 'string' && isAdded(msgType))
    return { name: 'custom', fields: { [TYPE_FIELD]: msgType } };
  throw new DomainError('EINVAL', `msgType must be one of ${XUQM_MESSAGE_TYPES.join(', ')}`, {
    field: 'msgType',
  });
}

/** Added types by their own name. */
export function toMessageType(content: Content): XuqmType {
  const added = content.type === 'custom' ? addedTypeOf(content) : undefined;
  return (added as XuqmType | undefined) ?? NAMES[content.type];
}
