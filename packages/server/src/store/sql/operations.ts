import { randomBytes } from 'node:crypto';
import type { Message, Timestamp, User } from '../../core/model.ts';
import type { AdminAct } from '../../core/ports/admin-store.ts';
import type { RemainsOf, Swept } from '../../core/ports/remains-store.ts';
import type {
  ChangedMessage,
  HistoryQuery,
  MessageChange,
  MessageLook,
  MessageView,
  Store,
  UserPatch,
} from '../../core/ports/store.ts';
import type { GroupActor } from '../../core/rules/group-rights.ts';
import type { AppendOutcome } from './append.ts';
import { listLog } from './change-log.ts';
import type { OperationName } from './operation-kinds.ts';
import { get, type Op, run } from './statement.ts';
import type { Tables } from './tables.ts';

/** Of what is written to find out whether anything can be: more than most commits need, so that they find room, too. Random, as what is there already would not be written again. */
const PROBE_BYTES = 65_536;
const WRITE_PROBE =
  'INSERT INTO write_probe (pk, filler) VALUES (1, ?) ON CONFLICT (pk) DO UPDATE SET filler = excluded.filler';

/** An operation yields statements; what `appendMessage` adds to what its caller knows is little. */
export type Operations = {
  [Name in OperationName]: (...args: Parameters<Store[Name]>) => Op<OperationResult<Name>>;
};
type OperationResult<Name extends OperationName> = Name extends 'appendMessage'
  ? AppendOutcome
  : Awaited<ReturnType<Store[Name]>>;

/** The store's operations on these tables. A write checks everything before it writes anything. */
export function operationsOf(tables: Tables): Operations {
  const {
    tenants,
    users,
    userChanges,
    logins,
    conversations,
    groups,
    members,
    memberships,
    files,
    messages,
    looks,
    marks,
    retention,
    pending,
    conversationList,
    notifications,
    notificationLists,
    admin,
    rooms,
    outbox,
    waiting,
    claims,
    deadLetters,
    webhooks,
    log,
    remains,
    desk,
    caches,
    appends,
    changes,
    acknowledgements,
  } = tables;
  return {
    createUser: userChanges.create.bind(userChanges),
    *updateUser(tenant: string, id: string, patch: UserPatch, act?: AdminAct): Op<User> {
      const { before, after } = yield* userChanges.update(tenant, id, patch);
      if (act) yield* admin.auditAccess(act, before, after, patch);
      return after;
    },
    noteLogin: logins.note.bind(logins),
    *deleteUser(tenant: string, id: string, at: Timestamp, actorId = ''): Op<Swept> {
      yield* userChanges.delete(tenant, id, at);
      yield* logins.forgetUser(tenant, id);
      yield* admin.forgetUser(tenant, id);
      const swept = yield* remains.begin({ kind: 'user', tenant, id, actorId });
      // Files after conversations, as whoever writes a message does.
      yield* files.showUser(yield* tenants.ensure(tenant), id, null, at);
      return swept;
    },
    createGroup: groups.create.bind(groups),
    updateGroup: groups.update.bind(groups),
    *deleteGroup(tenant: string, id: string, at: Timestamp, by?: GroupActor): Op<Swept> {
      const conversation = yield* groups.delete(tenant, id, at, by);
      return yield* remains.begin({ kind: 'group', tenant, id, conversation, actorId: by?.userId ?? '' });
    },
    addMembers: groups.addMembers.bind(groups),
    setMemberRole: groups.setRole.bind(groups),
    removeMember: groups.removeMember.bind(groups),
    handOverGroup: groups.handOver.bind(groups),
    appendMessage: appends.append.bind(appends),
    *changeMessage(change: MessageChange): Op<ChangedMessage> {
      const changed = yield* changes.change(change);
      yield* admin.auditMessage(change, changed.message);
      return changed;
    },
    acknowledge: acknowledgements.acknowledge.bind(acknowledgements),
    hideMessage: marks.hide.bind(marks),
    pinMessage: marks.pin.bind(marks),
    unpinMessage: marks.unpin.bind(marks),
    changeChatSettings: admin.changeSettings.bind(admin),
    changeChatPermission: admin.changePermission.bind(admin),
    // A read, in the order of the writes so that it sees those issued just before it.
    *findMessage(look: MessageLook): Op<MessageView | undefined> {
      yield* caches.inserts.flush();
      return yield* looks.find(look, caches.parties);
    },
    createNotification: notifications.create.bind(notifications),
    takeDueNotifications: notifications.takeDue.bind(notifications),
    markNotified: notifications.markNotified.bind(notifications),
    readNotification: notifications.read.bind(notifications),
    reserveFile: files.reserve.bind(files),
    completeFile: files.complete.bind(files),
    takeUnusedFiles: files.takeUnused.bind(files),
    dropFiles: files.drop.bind(files),
    createRoom: rooms.create.bind(rooms),
    updateRoom: rooms.update.bind(rooms),
    *deleteRoom(tenant: string, id: string, actorId = ''): Op<Swept> {
      const conversation = yield* rooms.delete(tenant, id);
      return yield* remains.begin({ kind: 'room', tenant, id, conversation, actorId });
    },
    enterRoom: rooms.enter.bind(rooms),
    leaveRoom: rooms.leave.bind(rooms),
    emptyRooms: rooms.empty.bind(rooms),
    purgeGuestMessages: retention.purgeGuestMessages.bind(retention),
    createWebhook: webhooks.create.bind(webhooks),
    *deleteWebhook(tenant: string, id: string): Op<void> {
      yield* webhooks.delete(tenant, id);
      yield* waiting.forget(id);
      yield* remains.begin({ kind: 'webhook', tenant, id, actorId: '' });
    },
    *sweepRemains(limit: number, only?: RemainsOf): Op<Swept | undefined> {
      // Counts of members and positions change with a user's: nobody may go by what is remembered of them.
      yield* caches.flush();
      const swept = yield* remains.sweep(limit, only);
      if (swept?.kind === 'user') caches.reset();
      return swept;
    },
    recordDeliveries: outbox.record.bind(outbox),
    claimDeliveries: claims.claim.bind(claims),
    settleDeliveries: claims.settle.bind(claims),
    keepLog: log.keep.bind(log),
    feedOutbox: outbox.feed.bind(outbox),
    retryDeadLetter: deadLetters.retry.bind(deadLetters),
    agentsSeen: desk.agents.seen.bind(desk.agents),
    agentLeft: desk.agents.left.bind(desk.agents),
    *resumeDesk(node: string, at: number): Op<void> {
      // First the customers, who tell by the agents when the server last ran.
      yield* desk.customers.resume(node, at);
      yield* desk.agents.resume(node, at);
    },
    setAgentStatus: desk.agents.setStatus.bind(desk.agents),
    assignNext: desk.queue.assignNext.bind(desk.queue),
    acceptService: desk.queue.accept.bind(desk.queue),
    transferService: desk.queue.transfer.bind(desk.queue),
    releaseLost: desk.queue.releaseLost.bind(desk.queue),
    removeFromDesk: desk.queue.removeUser.bind(desk.queue),
    removeAgent: desk.queue.removeAgent.bind(desk.queue),
    customersSeen: desk.customers.seen.bind(desk.customers),
    customerLeft: desk.customers.left.bind(desk.customers),
    settleOverdue: desk.customers.settleOverdue.bind(desk.customers),
    closeService: desk.services.close.bind(desk.services),
    rateService: desk.services.rate.bind(desk.services),
    addNote: desk.services.addNote.bind(desk.services),
    purgeNotifications: notifications.purge.bind(notifications),
    *ping(): Op<void> {
      yield* get('SELECT 1');
    },
    *probe(): Op<void> {
      yield* run(WRITE_PROBE, randomBytes(PROBE_BYTES));
    },
    findUser: users.find.bind(users),
    listUsersByIds: users.listByIds.bind(users),
    findAccount: users.findAccount.bind(users),
    findCredentials: logins.findCredentials.bind(logins),
    hasLoggedIn: logins.hasLoggedIn.bind(logins),
    listUsers: users.list.bind(users),
    findConversation: conversations.find.bind(conversations),
    listGroups: groups.list.bind(groups),
    findMember: members.find.bind(members),
    listJoining: groups.listJoining.bind(groups),
    listMembers: members.list.bind(members),
    listMemberships: memberships.list.bind(memberships),
    listFurtherMemberships: memberships.list.bind(memberships),
    listPeers: memberships.listPeers.bind(memberships),
    listMessages: (query: HistoryQuery): Op<Message[]> => messages.list(query),
    listConversations: conversationList.list.bind(conversationList),
    findPeerReach: conversationList.peerReach.bind(conversationList),
    listPins: marks.listPins.bind(marks),
    listHidden: marks.listHidden.bind(marks),
    listPending: pending.page.bind(pending),
    listUnread: acknowledgements.listUnread.bind(acknowledgements),
    nextNotificationDue: notifications.nextDue.bind(notifications),
    listUntoldNotifications: notificationLists.listUntold.bind(notificationLists),
    listNotifications: notificationLists.list.bind(notificationLists),
    findFile: files.find.bind(files),
    findChatSettings: admin.findSettings.bind(admin),
    findChatPermission: admin.findPermission.bind(admin),
    listAudit: admin.listAudit.bind(admin),
    findRoom: rooms.find.bind(rooms),
    listRooms: rooms.list.bind(rooms),
    listEmptyGuestRooms: retention.listEmptyGuestRooms.bind(retention),
    listLog,
    listWebhooks: webhooks.list.bind(webhooks),
    nextDeliveryDue: claims.nextDue.bind(claims),
    listDeadLetters: deadLetters.list.bind(deadLetters),
    findOpenService: desk.services.findOpenOf.bind(desk.services),
    listOpenCustomers: desk.customers.listOpen.bind(desk.customers),
    findService: desk.services.find.bind(desk.services),
    listServices: desk.services.list.bind(desk.services),
    listNotes: desk.services.listNotes.bind(desk.services),
    listQueue: desk.queue.list.bind(desk.queue),
    queuePosition: desk.queue.position.bind(desk.queue),
    listWaitingTenants: desk.reports.waitingTenants.bind(desk.reports),
    findBoard: desk.reports.board.bind(desk.reports),
    tallyServices: desk.reports.tally.bind(desk.reports),
    countDesk: desk.reports.count.bind(desk.reports),
    countServices: desk.reports.totals.bind(desk.reports),
  };
}
