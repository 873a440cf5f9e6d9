import { permissionChanged, settingsChanged } from '../admin-events.ts';
import type { Handover, ServiceSession } from '../desk/model.ts';
import type { AccessEnd, ServiceChangeKind } from '../events.ts';
import { fromSession } from '../message-access.ts';
import type { AdminStore } from '../ports/admin-store.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { DeskStore } from '../ports/desk-store.ts';
import type { MessageStore } from '../ports/message-store.ts';
import type { NotificationStore } from '../ports/notification-store.ts';
import type { RemainsStore, Swept } from '../ports/remains-store.ts';
import type { RoomStore } from '../ports/room-store.ts';
import type { UserPatch, UserStore } from '../ports/user-store.ts';
import type { LogEntry } from './log-entry.ts';

/** The store's operations by the names of its methods, as far as somebody is told of what they do. */
type Ports = ConversationStore &
  MessageStore &
  UserStore &
  RoomStore &
  DeskStore &
  NotificationStore &
  AdminStore &
  RemainsStore;

type Entries<Name extends keyof Ports> = (
  result: Awaited<ReturnType<Ports[Name]>>,
  ...args: Parameters<Ports[Name]>
) => readonly LogEntry[];

const NONE: readonly LogEntry[] = [];

/**
 * What each operation did, of what it was given and what it brought: the one table of whatever is told because it was stored.
 * An operation that is not here concerns nobody else, or is told by other means (receipts).
 */
const TABLE = {
  appendMessage: ({ duplicate, ...appended }, { originSession }) =>
    duplicate ? NONE : [{ type: 'message-appended', ...appended, ...fromSession(originSession) }],
  changeMessage: ({ message, unseenBy }, { state, actorId, telling }) =>
    state === 'normal' || !telling
      ? NONE
      : [{ type: 'message-changed', change: state, message, actorId, unseenBy, ...telling }],
  hideMessage: (isNew, _tenant, _conversationId, _seq, userId, telling) =>
    isNew && telling ? [{ type: 'message-hidden', userId, ...telling }] : NONE,
  pinMessage: pinned('message-pinned'),
  unpinMessage: pinned('message-unpinned'),
  createGroup: (conversation, { members, actorId = '' }) => [
    { type: 'group-created', conversation, members, actorId },
  ],
  updateGroup: (conversation, _tenant, _id, _patch, by) => [
    { type: 'conversation-changed', conversation, actorId: by?.userId ?? '' },
  ],
  deleteGroup: ({ members }, tenant, conversationId, _at, by) => [
    { type: 'group-dissolved', tenant, conversationId, members, actorId: by?.userId ?? '' },
  ],
  addMembers(added, { tenant, conversationId, members, by }) {
    const isAdded = new Set(added);
    const came = members.filter(({ userId }) => isAdded.has(userId));
    const of = { tenant, conversationId, actorId: by?.userId ?? '' };
    return came.length === 0 ? NONE : [{ type: 'members-added', kind: 'group', members: came, ...of }];
  },
  setMemberRole: ({ userId, role }, { tenant, conversationId, by }) => [
    { type: 'roles-changed', tenant, conversationId, members: [{ userId, role }], actorId: by?.userId ?? '' },
  ],
  removeMember(changed, { tenant, conversationId, userId, by }) {
    const of = { tenant, conversationId, actorId: by?.userId ?? '' };
    const gone: LogEntry = { type: 'member-removed', kind: 'group', userId, ...of };
    return changed.length === 0 ? [gone] : [gone, { type: 'roles-changed', members: changed, ...of }];
  },
  handOverGroup: (members, { tenant, conversationId, by }) => [
    { type: 'roles-changed', tenant, conversationId, members, actorId: by?.userId ?? '' },
  ],
  updateRoom: (conversation, _tenant, _id, _patch, actorId = '') => [
    { type: 'conversation-changed', conversation, actorId },
  ],
  deleteRoom: ({ members }, tenant, conversationId, actorId = '') => [
    { type: 'room-closed', tenant, conversationId, members, actorId },
  ],
  enterRoom: (_, { tenant, roomId: conversationId, userId, role = 'member' }) => {
    const of = { tenant, conversationId, actorId: userId };
    return [{ type: 'members-added', kind: 'room', members: [{ userId, role }], ...of }];
  },
  leaveRoom: (_, tenant, conversationId, userId) => [
    { type: 'member-removed', tenant, conversationId, kind: 'room', userId, actorId: userId },
  ],
  updateUser(user, _tenant, id, patch, act) {
    const cause = accessEnd(patch);
    const ended: readonly LogEntry[] = cause ? [{ type: 'access-ended', user, cause }] : NONE;
    const isShownOtherwise = [patch.username, patch.nickname, patch.picture].some((it) => it !== undefined);
    return isShownOtherwise ? [...ended, { type: 'user-changed', user, actorId: act?.actorId ?? id }] : ended;
  },
  deleteUser: ({ groups }, tenant, userId, _at, actorId = '') => [
    { type: 'user-deleted', tenant, userId, groups, actorId },
  ],
  sweepRemains: (swept) => (swept ? remainsSwept(swept) : NONE),
  assignNext: (handover) => (handover ? [handedOver('assigned', handover)] : NONE),
  acceptService: (handover, { actorId }) => [handedOver('assigned', handover, actorId)],
  transferService: (handover, { actorId, to }) => [
    handedOver('skill' in to ? 'requeued' : 'transferred', handover, actorId),
  ],
  releaseLost: (lost) => lost.map((handover) => handedOver('requeued', handover)),
  removeAgent: (released) => released.map((handover) => handedOver('requeued', handover)),
  removeFromDesk: ({ closed, released }) => [
    ...services('closed', closed),
    ...released.map((handover) => handedOver('requeued', handover)),
  ],
  customersSeen: (returned) => services('returned', returned),
  customerLeft: (session) => (session ? services('left', [session]) : NONE),
  settleOverdue: ({ left, absent, closed }) => [
    ...services('left', left),
    ...services('absent', absent),
    ...services('closed', closed),
  ],
  closeService: (session) => services('closed', [session]),
  rateService: (session) => services('rated', [session]),
  addNote: ({ note, duplicate, agentId }, _note, originSession) =>
    duplicate ? NONE : [{ type: 'note-added', note, agentId, ...fromSession(originSession) }],
  createNotification: (_, { notification, recipients, isPublished }) =>
    isPublished ? [{ type: 'notification-published', notification, recipients }] : NONE,
  takeDueNotifications: (due, now) =>
    due
      .filter(({ notification: { expiresAt } }) => expiresAt === null || expiresAt > now)
      .map(({ notification, recipients }) => ({ type: 'notification-published', notification, recipients })),
  changeChatSettings: (values, change) => [
    { type: 'settings-changed', event: settingsChanged(values, change) },
  ],
  changeChatPermission: (old, change) => [
    { type: 'permission-changed', event: permissionChanged(old, change) },
  ],
} satisfies { readonly [Name in keyof Ports]?: Entries<Name> };

/** An operation that somebody is told of. */
export type ToldOperation = keyof typeof TABLE;

/** Those operations. */
export const TOLD_OPERATIONS = Object.keys(TABLE) as readonly ToldOperation[];

/** What an operation did, if anybody is to be told of it. */
export function entriesOf(name: string, args: readonly unknown[], result: unknown): readonly LogEntry[] {
  if (!Object.hasOwn(TABLE, name)) return NONE;
  // The operation's name chooses the function, which the compiler cannot see.
  const entries = TABLE[name as ToldOperation] as (...given: readonly unknown[]) => readonly LogEntry[];
  return entries(result, ...args);
}

function pinned(type: 'message-pinned' | 'message-unpinned'): Entries<'pinMessage'> {
  return ({ isNew, unseenBy }, { scope, userId: actorId }, telling) =>
    isNew && telling ? [{ type, scope, actorId, unseenBy, ...telling }] : NONE;
}

function remainsSwept({ kind, tenant, id, members, groups, actorId }: Swept): readonly LogEntry[] {
  switch (kind) {
    case 'group':
    case 'room':
      return members.length === 0
        ? NONE
        : [{ type: 'members-out', kind, tenant, conversationId: id, members, actorId }];
    case 'user':
      return groups.length === 0 ? NONE : [{ type: 'groups-left', tenant, userId: id, groups, actorId }];
    case 'webhook':
      return NONE;
  }
}

function handedOver(change: ServiceChangeKind, handover: Handover, actorId?: string): LogEntry {
  return {
    type: 'service-handed-over',
    change,
    handover,
    ...(actorId === undefined ? {} : { actorId }),
  };
}

function services(change: ServiceChangeKind, sessions: readonly ServiceSession[]): LogEntry[] {
  return sessions.map((session) => ({ type: 'service-changed', change, session }));
}

/** Why sessions end by a change of their user's record, if they do. */
function accessEnd({ isDisabled, passwordHash, tokensAfter, role }: UserPatch): AccessEnd | undefined {
  if (isDisabled) return 'user-disabled';
  if (passwordHash !== undefined) return 'password-changed';
  if (tokensAfter !== undefined) return 'sessions-ended';
  return role === undefined ? undefined : 'role-changed';
}
