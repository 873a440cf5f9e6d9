import { AcknowledgementTable } from './acknowledgements.ts';
import { AdminTable } from './admin.ts';
import { AppendTable } from './append.ts';
import { ChangeLog, LogSettings } from './change-log.ts';
import { ConversationListTable } from './conversation-list.ts';
import { ConversationTable } from './conversations.ts';
import { DeadLetterTable } from './dead-letters.ts';
import { AgentTable } from './desk-agents.ts';
import { CustomerTable } from './desk-customers.ts';
import { DeskQueue } from './desk-queue.ts';
import { DeskReports } from './desk-reports.ts';
import { ServiceTable } from './desk-sessions.ts';
import { FileTable } from './files.ts';
import { FormerMemberTable } from './former-members.ts';
import { GroupOwners } from './group-owners.ts';
import { GroupTable } from './groups.ts';
import { LoginTable } from './logins.ts';
import { MarkTable } from './marks.ts';
import { MemberTable } from './members.ts';
import { MembershipTable } from './memberships.ts';
import { MessageChanges } from './message-changes.ts';
import { MessageLooks } from './message-looks.ts';
import { MessageTable } from './messages.ts';
import { NotificationLists } from './notification-lists.ts';
import { NotificationTable } from './notifications.ts';
import { Numbers } from './numbers.ts';
import { OutboxTable } from './outbox.ts';
import { OutboxClaims } from './outbox-claims.ts';
import { OutboxLease } from './outbox-lease.ts';
import { OutboxWaiting } from './outbox-waiting.ts';
import { PendingReader } from './pending.ts';
import { RemainsTable } from './remains.ts';
import { RetentionTable } from './retention.ts';
import { RoomTable } from './rooms.ts';
import { Tenants } from './tenants.ts';
import { UserChanges } from './user-changes.ts';
import { UserTable } from './users.ts';
import { WebhookTable } from './webhooks.ts';
import { WriteCaches } from './write-caches.ts';

/** The tables of one database connection, which writes and so locks what it is about to change, or reads only. */
export function openTables(use: 'read' | 'write', logSettings = new LogSettings()) {
  const tenants = new Tenants();
  const users = new UserTable(tenants, use);
  const logins = new LoginTable(tenants, users);
  const files = new FileTable(tenants, users);
  const numbers = new Numbers();
  const former = new FormerMemberTable();
  const members = new MemberTable(tenants, former);
  const conversations = new ConversationTable({ tenants, members, numbers }, use);
  const owners = new GroupOwners(members);
  const groups = new GroupTable({ tenants, users, files, conversations, members, owners });
  const memberships = new MembershipTable(tenants, owners);
  const caches = new WriteCaches({ tenants, conversations, numbers });
  const services = new ServiceTable(tenants, conversations, use);
  const log = new ChangeLog(logSettings);
  const messages = new MessageTable(conversations);
  const looks = new MessageLooks(tenants);
  const appends = new AppendTable({
    tenants,
    users,
    conversations,
    services,
    looks,
    files,
    caches,
  });
  const changes = new MessageChanges({ tenants, services, files, caches });
  const acknowledgements = new AcknowledgementTable({ tenants, conversations, caches });
  const conversationList = new ConversationListTable({ tenants, conversations, messages });
  const marks = new MarkTable({ tenants, conversations, positions: caches.positions, services });
  const pending = new PendingReader(tenants, users);
  const notifications = new NotificationTable(tenants, users);
  const notificationLists = new NotificationLists(tenants);
  const admin = new AdminTable(tenants, users);
  const rooms = new RoomTable({ tenants, users, conversations, members });
  const retention = new RetentionTable(files);
  const waiting = new OutboxWaiting();
  const outbox = new OutboxTable(waiting);
  const deadLetters = new DeadLetterTable(waiting);
  const claims = new OutboxClaims({ waiting, deadLetters, lease: new OutboxLease() });
  const webhooks = new WebhookTable(tenants);
  const agents = new AgentTable(tenants, users);
  const queue = new DeskQueue({ tenants, conversations, members, services, agents });
  const customers = new CustomerTable(tenants, services);
  const remains = new RemainsTable({
    tenants,
    users,
    conversations,
    members,
    memberships,
    former,
    notifications,
    files,
    outbox,
  });
  const userChanges = new UserChanges({ tenants, users, files, remains });
  const desk = { services, agents, queue, customers, reports: new DeskReports(tenants, agents) };
  return {
    tenants,
    users,
    userChanges,
    logins,
    conversations,
    groups,
    members,
    memberships,
    caches,
    numbers,
    files,
    messages,
    looks,
    appends,
    changes,
    acknowledgements,
    conversationList,
    marks,
    pending,
    notifications,
    notificationLists,
    admin,
    rooms,
    retention,
    outbox,
    waiting,
    claims,
    deadLetters,
    webhooks,
    log,
    remains,
    desk,
  };
}
export type Tables = ReturnType<typeof openTables>;
