import type { Conversation, ConversationKind, HistoryAccess } from '../../core/model.ts';

export interface ConversationRow {
  pk: number;
  tenant: number;
  id: string;
  kind: ConversationKind;
  name: string;
  avatar: string;
  history: HistoryAccess;
  member_count: number;
  last_seq: number;
  revision: number;
  created_at: number;
  uid: number | null;
  /** The number of its last message. */
  activity: number;
  /** The hour of that, by which conversations are indexed. */
  activity_hour: number;
}

export const CONVERSATION_COLUMNS =
  'pk, tenant, id, kind, name, avatar, history, member_count, last_seq, revision, created_at, uid, activity, activity_hour';
/** The columns as they are shown: without the members who were deleted and are still to be removed. */
export const SHOWN_COLUMNS = CONVERSATION_COLUMNS.replace(
  'member_count',
  `member_count - (SELECT CAST(coalesce(sum((SELECT count(*) FROM member v
       WHERE v.conversation = conversation.pk AND v.user_id = r.name)), 0) AS BIGINT)
     FROM remains r WHERE r.kind = 'user' AND r.tenant = conversation.tenant) AS member_count`,
);

export function toConversation(tenant: string, row: ConversationRow): Conversation {
  return {
    tenant,
    id: row.id,
    uid: row.uid ?? 0,
    kind: row.kind,
    name: row.name,
    avatar: row.avatar,
    history: row.history,
    memberCount: row.member_count,
    lastSeq: row.last_seq,
    revision: row.revision,
    createdAt: row.created_at,
  };
}
