import { Admin } from './admin.ts';
import { Attendance } from './attendance.ts';
import { Broadcasts } from './broadcasts.ts';
import { BusinessEvents } from './business-events.ts';
import { type CommandGate, OPEN_GATE } from './command-gate.ts';
import { Contacts } from './contacts.ts';
import { ConversationList } from './conversation-list.ts';
import { createDesk, type Desk } from './desk/index.ts';
import type { CoreEvent, EventSink } from './events.ts';
import { Groups } from './groups.ts';
import { GuestRate } from './guest-rate.ts';
import { GuestRetention } from './guest-retention.ts';
import type { Limits } from './limits.ts';
import { type OtherNodes, sharedWith } from './log/other-nodes.ts';
import { tellingStore } from './log/telling-store.ts';
import { LookRate } from './look-rate.ts';
import { MessageChanges } from './message-changes.ts';
import { Messages } from './messages.ts';
import { Notifications } from './notifications.ts';
import { isShown } from './on-demand.ts';
import { Policies } from './policies.ts';
import type { AdminStore } from './ports/admin-store.ts';
import type { AttendanceRegister } from './ports/attendance.ts';
import type { Clock, IdSource } from './ports/clock.ts';
import type { ConversationListStore } from './ports/conversation-list-store.ts';
import type { ConversationStore } from './ports/conversation-store.ts';
import type { DeskStore } from './ports/desk-store.ts';
import type { MessageStore } from './ports/message-store.ts';
import type { NotificationStore } from './ports/notification-store.ts';
import type { PasswordHasher } from './ports/passwords.ts';
import type { PositionStore } from './ports/position-store.ts';
import type { RemainsStore } from './ports/remains-store.ts';
import type { RoomStore } from './ports/room-store.ts';
import type { StoreHealth } from './ports/store-health.ts';
import type { UserStore } from './ports/user-store.ts';
import { PresenceNews } from './presence-news.ts';
import { RateLimiter } from './rate-limiter.ts';
import { Receipts } from './receipts.ts';
import { Remains } from './remains.ts';
import { Rooms } from './rooms.ts';
import { Typing } from './typing.ts';
import { Users } from './users.ts';

const DEFAULT_ORIGIN = 'haina';

/** What the domain keeps; each part asks for the operations that it uses. */
export type CoreStore = UserStore &
  ConversationStore &
  ConversationListStore &
  MessageStore &
  PositionStore &
  NotificationStore &
  AdminStore &
  RoomStore &
  RemainsStore &
  DeskStore &
  Pick<StoreHealth, 'ping'>;

export interface CoreDeps {
  readonly store: CoreStore;
  readonly sink: EventSink;
  /** Hears what this node's sessions are told, when another node did it. */
  readonly remoteSink?: EventSink;
  /** Where there may be other nodes: those are told here what is not stored. */
  readonly others?: OtherNodes;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly passwords: PasswordHasher;
  readonly limits: Limits;
  readonly register: AttendanceRegister;
  /** Told of what failed where nobody waits for it. */
  readonly onError?: (error: unknown) => void;
  /** This node's name among those that share the store; customers count as connected to it by what it is told. */
  readonly node?: string;
  /** What this deployment's own business events carry as their `origin`. */
  readonly origin?: string;
  /** Who has a say in commands; nobody where absent. */
  readonly gate?: CommandGate;
}

/** The domain: commands go in as method calls, events come out of the sink. */
export interface Core {
  readonly users: Users;
  readonly groups: Groups;
  readonly rooms: Rooms;
  readonly remains: Remains;
  readonly attendance: Attendance;
  readonly guestRetention: GuestRetention;
  readonly contacts: Contacts;
  readonly conversations: ConversationList;
  readonly messages: Messages;
  readonly changes: MessageChanges;
  readonly receipts: Receipts;
  readonly presenceNews: PresenceNews;
  readonly typing: Typing;
  readonly notifications: Notifications;
  readonly policies: Policies;
  readonly admin: Admin;
  readonly businessEvents: BusinessEvents;
  readonly desk: Desk;
  readonly broadcasts: Broadcasts;
  /** Takes what other nodes did. */
  readonly fromOthers: EventSink;
}

export function createCore(given: CoreDeps): Core {
  const policies = new Policies(given);
  const listeners: Hearer[] = [policies];
  const own = heardBy(listeners, given.sink);
  // What is stored reaches the other nodes by the change log.
  const store = tellingStore(given.store, own);
  const sink = given.others ? sharedWith(given.others, own) : own;
  const deps = { gate: OPEN_GATE, ...given, sink, store, policies };
  const receipts = new Receipts(deps);
  const rate = new RateLimiter(deps.limits.sendRate, deps.clock);
  const remains = new Remains(deps);
  const guestRate = new GuestRate(deps.limits, deps.clock);
  const lookRate = new LookRate(deps.limits, deps.clock);
  const rooms = new Rooms({ ...deps, guestRate, remains });
  const attendance = new Attendance({ ...deps, rooms, receipts, rate, lookRate });
  listeners.push(attendance);
  const messages = new Messages({ ...deps, receipts, rate, guestRate, lookRate });
  const typingRate = new RateLimiter(deps.limits.sendRate, deps.clock);
  const desk = createDesk({ ...deps, messages, receipts, rate, typingRate });
  const typing = new Typing({ ...deps, typingRate, services: desk.sessions });
  listeners.push(typing);
  return {
    users: new Users({ ...deps, desk: desk.dispatch, remains }),
    groups: new Groups({ ...deps, rate, remains }),
    rooms,
    remains,
    attendance,
    guestRetention: new GuestRetention(deps),
    contacts: new Contacts(deps),
    conversations: new ConversationList(deps),
    messages,
    changes: new MessageChanges({ ...deps, rate }),
    receipts,
    presenceNews: new PresenceNews(deps),
    typing,
    notifications: new Notifications(deps),
    policies,
    admin: new Admin({ ...deps, desk: desk.dispatch }),
    businessEvents: new BusinessEvents({ ...deps, origin: given.origin ?? DEFAULT_ORIGIN }),
    desk,
    broadcasts: new Broadcasts({ ...deps, rate }),
    fromOthers: heardBy(listeners, given.remoteSink ?? given.sink),
  };
}

interface Hearer {
  heard(event: CoreEvent): void;
}

/** Lets what binds the next command be known before anybody is told of it. */
function heardBy(listeners: readonly Hearer[], sink: EventSink): EventSink {
  return {
    publish(topics, event) {
      for (const listener of listeners) listener.heard(event);
      sink.publish(topics, event);
    },
    notify: (topics, event) => sink.notify(topics, event),
    settled: async () => sink.settled?.(),
    isShown: (topics, type) => isShown(sink, topics, type),
  };
}
