import { createHash } from 'node:crypto';
import { singlePeer } from '../../core/conversations.ts';
import type { Content, ContentType, ConversationKind, Message, MessageState } from '../../core/model.ts';

export interface MessageRow {
  conversation: number;
  seq: number;
  id: string;
  client_id: string;
  sender: string;
  type: string;
  text: string;
  extra: string | null;
  state: string;
  revision: number;
  created_at: number;
  changed_at: number;
  original: Uint8Array | null;
}

export interface ConversationRef {
  readonly id: string;
  readonly kind: ConversationKind;
}

export const MESSAGE_COLUMNS =
  'm.conversation, m.seq, m.id, m.client_id, m.sender, m.type, m.text, m.extra, m.state, m.revision, m.created_at, m.changed_at, m.original';

export function toMessage(tenant: string, conversation: ConversationRef, row: MessageRow): Message {
  return {
    tenant,
    id: row.id,
    clientId: row.client_id,
    conversationId: conversation.id,
    kind: conversation.kind,
    seq: row.seq,
    senderId: row.sender,
    targetId: conversation.kind === 'single' ? singlePeer(conversation.id, row.sender) : conversation.id,
    content: {
      type: row.type as ContentType,
      text: row.text,
      extra: row.extra === null ? null : JSON.parse(row.extra),
    },
    state: row.state as MessageState,
    revision: row.revision,
    createdAt: row.created_at,
    changedAt: row.changed_at,
  };
}

export function packExtra(content: Content): string | null {
  return content.extra === null ? null : JSON.stringify(content.extra);
}

/** What identifies a content once the content itself is gone. */
export function contentDigest(type: string, text: string, extra: string | null): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([type, text, extra]))
    .digest()
    .subarray(0, 16);
}
