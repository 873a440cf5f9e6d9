import type { XuqmMessageType } from '@haina/wire';
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

/** A body's content in the core's words. EINVAL for what is none. */
export function toContent(msgType: XuqmMessageType, content: unknown): Content {
  return readPlainContent(TYPES[msgType], content);
}

export function toMessageType(type: ContentType): XuqmMessageType {
  return NAMES[type];
}
