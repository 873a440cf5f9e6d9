import { ImMessageType, type ImSendableType } from '@haina/wire';
import { isAddress, isUnsafeLink } from '../../core/addresses.ts';
import type { Content, JsonValue, Message } from '../../core/model.ts';
import { isId } from '../../core/validate.ts';
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
const FITS = new Map(Object.values(RICH).map((type) => [type, checkerOf(CHAT_FORMS[type])]));

/**
 * A content as clients of this dialect can read it. A plain text keeps its type, and has beside it what it says in the form
 * of that type, if it says so much. Other dialects ask less of the object of a picture or a place than section 4.2: where it
 * lacks too much it is told as the text that it has.
 */
export function formOf({ type, text, extra }: Content): ChatForm {
  if (type === 'text') return { type: ImMessageType.CHAT_TEXT, content: text, contentExtra: objectOf(extra) };
  if (type === 'custom') return asText(text, extra);
  const rich = RICH[type];
  const contentExtra = extra === null ? saidBy(type, text) : extra;
  const fits =
    extra === null ? text !== '' && !isUnsafeLink(text) : FITS.get(rich)?.({ content: text, contentExtra });
  return fits ? { type: rich, content: text, contentExtra } : asText(text, extra);
}

const COORDINATES = /^(?:geo:)?\s*(-?\d{1,3}(?:\.\d+)?)\s*[,，]\s*(-?\d{1,3}(?:\.\d+)?)$/;

/** What a plain text says in the form of its type: an address, coordinates, a user's id. Null where it says none of it. */
function saidBy(type: keyof typeof RICH, text: string): JsonValue {
  const said = toExtra(type, text);
  return said && FITS.get(RICH[type])?.({ content: text, contentExtra: said }) ? said : null;
}

function toExtra(type: keyof typeof RICH, text: string): { readonly [key: string]: JsonValue } | undefined {
  if (type === 'location') {
    const [, latitude, longitude] = COORDINATES.exec(text) ?? [];
    return latitude === undefined ? undefined : { latitude: Number(latitude), longitude: Number(longitude) };
  }
  if (type === 'card') return isId(text) ? { userId: text } : undefined;
  return isAddress(text) ? { url: text } : undefined;
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
