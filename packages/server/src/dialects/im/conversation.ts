import { type ImMessage, ImMessageStatus } from '@haina/wire';
import { type Tick, tickOf } from '../../core/conversation-list.ts';
import type { ConversationView } from '../../core/ports/conversation-list-store.ts';
import { renderMessage } from './render.ts';

const TICKS: Readonly<Record<Tick, ImMessageStatus>> = {
  sent: ImMessageStatus.MESSAGE_SENT,
  delivered: ImMessageStatus.MESSAGE_DELIVERED,
  read: ImMessageStatus.MESSAGE_READ,
};

/** A conversation as one of its members sees it, for the document of a list. */
export function renderConversation(view: ConversationView) {
  const { conversation, targetId, target, member, peer, unread: unreadCount } = view;
  const { id: conversationId, kind: conversationType, memberCount, lastSeq: lastSequence } = conversation;
  const { uid, name, nickname, avatar } = target;
  return {
    conversationId,
    conversationType,
    targetId,
    uid,
    name,
    nickname,
    avatar,
    memberCount,
    memberRole: member.role,
    lastSequence,
    lastMessage: lastMessageOf(view),
    unreadCount,
    deliveredSequence: member.deliveredSeq,
    readSequence: member.readSeq,
    ...(peer ? { peerDeliveredSequence: peer.deliveredSeq, peerReadSequence: peer.readSeq } : {}),
  };
}

/** In an envelope as at the inbox; one's own in a single chat with how far it got as its status. */
function lastMessageOf({ lastMessage, member, peer }: ConversationView): ImMessage | null {
  if (!lastMessage) return null;
  const tick = tickOf(lastMessage, member.userId, peer);
  const message = renderMessage(lastMessage);
  return tick === undefined ? message : { ...message, status: TICKS[tick] };
}
