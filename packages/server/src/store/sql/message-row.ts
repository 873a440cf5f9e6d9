import { createHash } from 'node:crypto';
import type {
  Content,
  ContentType,
  ConversationKind,
  Message,
  MessageReference,
  MessageState,
  Profile,
  ReferenceKind,
} from '../../core/model.ts';
import type { Sides } from './parties.ts';

export interface MessageRow {
  conversation: number;
  seq: number;
  number: number;
  id: string;
  client_id: string;
  /** The sender's person: its id as it was first, or that with the number of a later generation. */
  sender: string;
  type: string;
  text: string;
  extra: string | null;
  fields: string | null;
  state: string;
  revision: number;
  created_at: number;
  changed_at: number;
  original: Uint8Array | null;
  change_reason: string;
  source: string;
  device: string;
  ref_kind: ReferenceKind | null;
  ref_id: string | null;
  ref_reason: string | null;
  /** Of the original that is referred to, as it is now. */
  ref_sender: string | null;
  ref_text: string | null;
  ref_state: string | null;
  /** Of a sender who is a guest, as JSON. */
  guest: string | null;
}

export interface ConversationRef {
  readonly id: string;
  readonly kind: ConversationKind;
  readonly name: string;
  /** Negative; null for a single chat. */
  readonly uid: number | null;
}

/** SQL of the id by which a person is addressed: the current one of its id by that, a former one by a marked one. */
export function shownId(person: string, tenant: string): string {
  return `coalesce((SELECT u.id FROM account u WHERE u.tenant = ${tenant} AND u.person = ${person}), ${person})`;
}

/** A message with what it refers to; `m` is the message, `MESSAGE_TABLE` the tables. */
export const MESSAGE_COLUMNS = `m.conversation, m.seq, m.number, m.id, m.client_id, m.sender, m.type, m.text, m.extra, m.fields, m.state,
  m.revision, m.created_at, m.changed_at, m.original, m.change_reason, m.source, m.device, m.ref_kind, m.ref_id, m.ref_reason,
  ${shownId('o.sender', 'o.tenant')} AS ref_sender, o.text AS ref_text, o.state AS ref_state,
  m.guest`;
/** Leaves out what a user hid; takes the user's id. */
export const NOT_HIDDEN =
  'NOT EXISTS (SELECT 1 FROM hidden h WHERE h.conversation = m.conversation AND h.user_id = ? AND h.seq = m.seq)';
export const MESSAGE_TABLE = 'message m LEFT JOIN message o ON o.id = m.ref_id';

export function toMessage(
  tenant: string,
  conversation: ConversationRef,
  row: MessageRow,
  { senderId, targetId, parties }: Sides,
): Message {
  return {
    tenant,
    id: row.id,
    clientId: row.client_id,
    conversationId: conversation.id,
    kind: conversation.kind,
    seq: row.seq,
    number: row.number,
    senderId,
    ...(row.guest === null ? {} : { guest: JSON.parse(row.guest) as Profile }),
    targetId,
    parties,
    content: {
      type: row.type as ContentType,
      text: row.text,
      extra: row.extra === null ? null : JSON.parse(row.extra),
      ...(row.fields === null ? {} : { fields: JSON.parse(row.fields) }),
    },
    reference: toReference(row),
    state: row.state as MessageState,
    revision: row.revision,
    source: row.source,
    deviceId: row.device,
    changeReason: row.change_reason,
    createdAt: row.created_at,
    changedAt: row.changed_at,
  };
}

function toReference(row: MessageRow): MessageReference | null {
  if (row.ref_kind === null || row.ref_id === null) return null;
  const isRecalled = row.ref_state === 'recalled' || row.ref_state === 'deleted';
  return {
    kind: row.ref_kind,
    messageId: row.ref_id,
    senderId: row.ref_sender ?? '',
    text: row.ref_text ?? '',
    isRecalled,
    reason: row.ref_reason ?? '',
  };
}

/** The columns that hold what a message says. */
export type ContentColumns = Pick<MessageRow, 'type' | 'text' | 'extra' | 'fields'>;

export function contentColumns({ type, text, extra, fields }: Content): ContentColumns {
  return {
    type,
    text,
    extra: extra === null ? null : JSON.stringify(extra),
    fields: fields === undefined ? null : JSON.stringify(fields),
  };
}

/** What identifies a content once the content itself is gone. */
export function contentDigest({ type, text, extra, fields }: ContentColumns): Buffer {
  const said = JSON.stringify([type, text, extra, fields]);
  return createHash('sha256').update(said).digest().subarray(0, 16);
}
