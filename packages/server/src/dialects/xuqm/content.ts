import type { XuqmMessageType, XuqmType } from '@haina/wire';
import type { Content, ContentType } from '../../core/model.ts';
import { addedNameOf, type IsAdded, readNamedContent } from '../common/plain-content.ts';

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

/** A body's content in the core's words. EINVAL for what is none. */
export function toContent(msgType: unknown, content: unknown, isAdded: IsAdded): Content {
  return readNamedContent({ names: TYPES, isAdded }, msgType, content);
}

/** Added types by their own name. */
export function toMessageType(content: Content): XuqmType {
  return addedNameOf(content) ?? NAMES[content.type];
}
