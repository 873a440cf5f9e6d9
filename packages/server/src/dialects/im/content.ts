import type { JsonValue, Message } from '../../core/model.ts';

/** The JSON document of a message's content, section 4.2. What quotes or forwards says so in the same document. */
export function documentOf({
  id,
  content,
  reference,
  state,
  changeReason,
}: Message): Record<string, JsonValue> {
  const document: Record<string, JsonValue> = {
    ...content.fields,
    content: content.text,
    contentExtra: content.extra,
  };
  // The changed message is named in the document too: clients that drop envelopes they have seen look there.
  if (state === 'recalled' || state === 'deleted')
    return { ...document, messageId: id, recallReason: changeReason };
  if (state === 'edited') Object.assign(document, { messageId: id, editReason: changeReason });
  if (content.type === 'custom' && content.text === '') document.content = JSON.stringify(content.extra);
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
