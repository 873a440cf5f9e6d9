import { singleConversationId } from '../../core/conversations.ts';
import type { Store } from '../../core/ports/store.ts';
import type { OPERATION_KINDS, OperationName } from './operation-kinds.ts';

/*
 * What the order of writes is kept for: writes that share a key take effect, and settle, in the order in which they were
 * issued. A key is an actor, a conversation, or a part of a tenant whose writes belong together.
 */

type WriteName = {
  [Name in OperationName]: (typeof OPERATION_KINDS)[Name] extends 'write' | 'message-write' ? Name : never;
}[OperationName];

type Keys<Name extends WriteName> = (...args: Parameters<Store[Name]>) => readonly string[];

const user = (tenant: string, id: string) => `user/${tenant}/${id}`;
const conversation = (tenant: string, id: string) => `conversation/${tenant}/${id}`;
const desk = (tenant: string) => `desk/${tenant}`;
const file = (id: string) => `file/${id}`;
const admin = (tenant: string) => `admin/${tenant}`;
const notification = (id: string) => `notification/${id}`;
const ALL_DESKS = 'desks';
const OUTBOX = 'outbox';
const NOTIFICATIONS = 'notifications';
const FILES = 'files';
const REMAINS = 'remains';

const KEYS: { readonly [Name in WriteName]: Keys<Name> } = {
  appendMessage({ tenant, senderId, target }) {
    const sender = user(tenant, senderId);
    switch (target.kind) {
      case 'user':
        return [sender, conversation(tenant, singleConversationId(senderId, target.userId))];
      case 'conversation':
        return [sender, conversation(tenant, target.conversationId)];
      case 'service':
        return [sender, conversation(tenant, target.sessionId), desk(tenant)];
      case 'desk':
        return [sender, desk(tenant)];
      case 'uid':
        return [sender];
    }
  },
  changeMessage: ({ tenant, conversationId, actorId }) => [
    user(tenant, actorId),
    conversation(tenant, conversationId),
  ],
  // One user's word keeps its order; what many were handed at once has none of theirs.
  acknowledge: ({ tenant, conversationId, entries: [first, ...others] }) =>
    first && others.length === 0
      ? [user(tenant, first.userId), conversation(tenant, conversationId)]
      : [conversation(tenant, conversationId)],
  hideMessage: (tenant, conversationId, _, userId) => [
    user(tenant, userId),
    conversation(tenant, conversationId),
  ],
  pinMessage: ({ tenant, conversationId, userId }) => [
    user(tenant, userId),
    conversation(tenant, conversationId),
  ],
  unpinMessage: ({ tenant, conversationId, userId }) => [
    user(tenant, userId),
    conversation(tenant, conversationId),
  ],
  findMessage: ({ tenant, viewerId, conversationId }) =>
    conversationId === undefined
      ? [user(tenant, viewerId)]
      : [user(tenant, viewerId), conversation(tenant, conversationId)],
  createUser: ({ tenant, id }) => [user(tenant, id)],
  updateUser: (tenant, id) => [user(tenant, id)],
  noteLogin: ({ tenant, userId }) => [user(tenant, userId)],
  deleteUser: (tenant, id) => [user(tenant, id)],
  createGroup: ({ tenant, id }) => [conversation(tenant, id)],
  updateGroup: (tenant, id) => [conversation(tenant, id)],
  deleteGroup: (tenant, id) => [conversation(tenant, id)],
  addMembers: ({ tenant, conversationId }) => [conversation(tenant, conversationId)],
  setMemberRole: ({ tenant, conversationId }) => [conversation(tenant, conversationId)],
  removeMember: ({ tenant, conversationId, userId }) => [
    user(tenant, userId),
    conversation(tenant, conversationId),
  ],
  handOverGroup: ({ tenant, conversationId }) => [conversation(tenant, conversationId)],
  changeChatSettings: ({ tenant }) => [admin(tenant)],
  changeChatPermission: ({ tenant, userId }) => [admin(tenant), user(tenant, userId)],
  createNotification: ({ notification: { id } }) => [notification(id), NOTIFICATIONS],
  takeDueNotifications: () => [NOTIFICATIONS],
  markNotified: (_, id) => [notification(id)],
  readNotification: (_, id) => [notification(id)],
  purgeNotifications: () => [NOTIFICATIONS],
  reserveFile: ({ id }) => [file(id)],
  completeFile: (_, id) => [file(id)],
  takeUnusedFiles: () => [FILES],
  dropFiles: () => [FILES],
  createRoom: ({ tenant, id }) => [conversation(tenant, id)],
  updateRoom: (tenant, id) => [conversation(tenant, id)],
  deleteRoom: (tenant, id) => [conversation(tenant, id)],
  enterRoom: ({ tenant, roomId, userId }) => [user(tenant, userId), conversation(tenant, roomId)],
  leaveRoom: (tenant, roomId, userId) => [user(tenant, userId), conversation(tenant, roomId)],
  emptyRooms: () => [],
  purgeGuestMessages: () => [],
  sweepRemains: () => [REMAINS],
  createWebhook: () => [OUTBOX],
  deleteWebhook: () => [OUTBOX],
  recordDeliveries: () => [OUTBOX],
  claimDeliveries: () => [OUTBOX],
  settleDeliveries: () => [OUTBOX],
  feedOutbox: () => [OUTBOX],
  retryDeadLetter: () => [OUTBOX],
  keepLog: () => [],
  agentsSeen: ({ agents }) => [ALL_DESKS, ...new Set(agents.map(({ tenant }) => desk(tenant)))],
  agentLeft: ({ tenant }) => [desk(tenant)],
  resumeDesk: () => [ALL_DESKS],
  setAgentStatus: ({ tenant }) => [desk(tenant)],
  assignNext: ({ tenant }) => [desk(tenant)],
  acceptService: ({ tenant, sessionId }) => [desk(tenant), conversation(tenant, sessionId)],
  transferService: ({ tenant, sessionId }) => [desk(tenant), conversation(tenant, sessionId)],
  releaseLost: () => [ALL_DESKS],
  removeFromDesk: ({ tenant }) => [desk(tenant)],
  removeAgent: ({ tenant }) => [desk(tenant)],
  customersSeen: ({ customers }) => [ALL_DESKS, ...new Set(customers.map(({ tenant }) => desk(tenant)))],
  customerLeft: ({ tenant }) => [desk(tenant)],
  settleOverdue: () => [ALL_DESKS],
  closeService: ({ tenant, sessionId }) => [desk(tenant), conversation(tenant, sessionId)],
  rateService: ({ tenant, sessionId }) => [desk(tenant), conversation(tenant, sessionId)],
  addNote: ({ tenant, sessionId }) => [desk(tenant), conversation(tenant, sessionId)],
  ping: () => [],
  probe: () => ['probe'],
};

/** The keys that a write's order is kept for; `[]` for one that waits for all before it, and holds up all after it. */
export function orderKeys(name: string, args: readonly unknown[]): readonly string[] {
  return (
    (KEYS as unknown as Record<string, (...args: readonly unknown[]) => readonly string[]>)[name]?.(
      ...args,
    ) ?? []
  );
}
