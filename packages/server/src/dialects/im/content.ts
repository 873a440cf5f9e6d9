import { ImMessageType, type ImSendableType } from '@haina/wire';
import { isAddress } from '../../core/addresses.ts';
import type { Content, ContentType, JsonValue, Message } from '../../core/model.ts';
import { checkerOf } from '../common/json.ts';
import { CHAT_FORMS, isObject } from './chat-content.ts';

/** What a message without a reference says, in a form of section 4.2. */
interface ChatForm {
  readonly type: ImSendableType;
  readonly content: string;
  readonly contentExtra: JsonValue;
}

/** Types whose document needs more than its text. */
const RICH = {
  image: ImMessageType.CHAT_IMAGE,
  file: ImMessageType.CHAT_FILE,
  voice: ImMessageType.CHAT_VOICE,
  video: ImMessageType.CHAT_VIDEO,
  location: ImMessageType.CHAT_LOCATION,
  card: ImMessageType.CHAT_CARD,
} as const;
const MEDIA: ReadonlySet<ContentType> = new Set(['image', 'file', 'voice', 'video']);
const FITS = new Map(Object.values(RICH).map((type) => [type, checkerOf(CHAT_FORMS[type])]));

/**
 * A content as clients of this dialect can read it. Other dialects ask less of a picture or a place than section 4.2:
 * what has an address gets the form of its type, and what lacks too much is told as the text that it has.
 */
export function formOf({ type, text, extra }: Content): ChatForm {
  if (type === 'text') return { type: ImMessageType.CHAT_TEXT, content: text, contentExtra: objectOf(extra) };
  if (type === 'custom') return asText(text, extra);
  const rich = RICH[type];
  const contentExtra = extra === null && MEDIA.has(type) && isAddress(text) ? { url: text } : extra;
  const fits = FITS.get(rich)?.({ content: text, contentExtra });
  return fits ? { type: rich, content: text, contentExtra } : asText(text, extra);
}

/** The document has no type for what an application made up: its text is what can be shown, or else its JSON. */
function asText(text: string, extra: JsonValue): ChatForm {
  const content = text === '' && extra !== null ? JSON.stringify(extra) : text;
  return { type: ImMessageType.CHAT_TEXT, content, contentExtra: objectOf(extra) };
}

function objectOf(extra: JsonValue): JsonValue {
  return isObject(extra) ? extra : null;
}

/** The JSON document of a message's content, section 4.2. What quotes or forwards says so in the same document. */
export function documentOf({
  id,
  content,
  reference,
  state,
  changeReason,
}: Message): Record<string, JsonValue> {
  const { type: _type, ...form } = formOf(content);
  const document: Record<string, JsonValue> = { ...content.fields, ...form };
  // The changed message is named in the document too: clients that drop envelopes they have seen look there.
  if (state === 'recalled' || state === 'deleted')
    return { ...document, messageId: id, recallReason: changeReason };
  if (state === 'edited') Object.assign(document, { messageId: id, editReason: changeReason });
  if (!reference) return document;
  const { kind, messageId, senderId, text, isRecalled, reason } = reference;
  if (kind === 'quote') {
    return {
      ...document,
      quotedMessageId: messageId,
      quotedContent: text,
      quotedSenderId: senderId,
      quotedRecalled: isRecalled,
    };
  }
  return {
    ...document,
    originalMessageId: messageId,
    originalSenderId: senderId,
    originalContent: text,
    originalRecalled: isRecalled,
    forwardReason: reason,
  };
}
