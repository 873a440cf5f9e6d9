import { DomainError } from '../../../core/errors.ts';
import { tenantTopic, userTopic } from '../../../core/topics.ts';
import type { Shape } from '../../../hub/fan-out.ts';
import type { Subscriber } from '../../../hub/hub.ts';
import { NotificationOutlet } from '../../../hub/notification-outlet.ts';
import type { StompSubscription } from '../../../stomp/handler.ts';
import type { ChatSession } from '../chat-session.ts';
import type { DialectServices } from '../services.ts';
import type { Outlet } from '../session-outlet.ts';
import type { Target, TargetKind } from './target.ts';

/** The session that a route is of. */
export interface RouteOwner {
  readonly services: DialectServices;
  /** Name of the dialect. */
  readonly dialect: string;
  readonly chat: ChatSession;
}

/** What a route connects with. */
export interface RouteEnds {
  readonly owner: RouteOwner;
  readonly subscription: StompSubscription;
  readonly shape: Shape;
  readonly outlet: Outlet;
}

/** Takes a route out of the hub again. */
export type Disconnect = () => void;

/** What a destination of one kind takes to be connected. */
interface RouteKind<Kind extends TargetKind> {
  /** Refuses a user that may not have it, by throwing. Asked after `prepare`. */
  admit?(target: Target<Kind>, chat: ChatSession): void;
  /** Does before what takes more than a turn of the event loop, and tells nothing yet. */
  prepare?(ends: RouteEnds, target: Target<Kind>): Promise<void> | undefined;
  connect(target: Target<Kind>, ends: RouteEnds): Disconnect;
}

const ROUTE_KINDS: { readonly [Kind in TargetKind]: RouteKind<Kind> } = {
  inbox: {
    prepare: ({ owner, subscription: { id }, shape, outlet }) =>
      owner.chat.feed.prepare('inbox', id, shape, outlet),
    connect(_target, { owner, subscription: { id }, shape, outlet }) {
      owner.chat.feed.addInbox(id, shape, outlet);
      return () => owner.chat.feed.removeInbox(id);
    },
  },
  group: {
    // Another node may have made the user a member a moment ago.
    prepare: ({ owner }, { groupId }) =>
      owner.chat.feed.isMember(groupId) ? undefined : owner.services.caughtUp?.(),
    admit({ groupId }, { feed }) {
      if (feed.isMember(groupId)) return;
      throw new DomainError('EPERM', 'you are not a member of this group', { field: 'destination' });
    },
    connect({ groupId }, { owner, subscription: { id }, shape, outlet }) {
      owner.chat.feed.addGroupSubscription(groupId, id, shape, outlet);
      return () => owner.chat.feed.removeGroupSubscription(groupId, id);
    },
  },
  single: {
    connect({ conversationId }, { owner, subscription: { id }, shape, outlet }) {
      owner.chat.feed.addSingleSubscription(conversationId, id, shape, outlet);
      return () => owner.chat.feed.removeSingleSubscription(conversationId, id);
    },
  },
  events: {
    prepare: ({ owner, subscription: { id }, shape, outlet }) =>
      owner.chat.feed.prepare('observer', id, shape, outlet),
    connect(_target, { owner, subscription: { id }, shape, outlet }) {
      owner.chat.feed.addObserver(id, shape, outlet);
      return () => owner.chat.feed.removeObserver(id);
    },
  },
  user: { connect: (_target, ends) => connectTopics([topicOfUser(ends.owner)], ends, ends.outlet) },
  topic: { connect: ({ topic }, ends) => connectTopics([topic], ends, ends.outlet) },
  notifications: { connect: (_target, ends) => connectNotifications(ends) },
  replies: { connect: () => () => {} },
};

/** Refuses a target that the session's user may not have, by throwing. */
export function admit<Kind extends TargetKind>(target: Target<Kind>, chat: ChatSession): void {
  kindOf(target).admit?.(target, chat);
}

/** What is to be waited for before a subscription is connected, if anything. */
export function prepare<Kind extends TargetKind>(
  target: Target<Kind>,
  ends: RouteEnds,
): Promise<void> | undefined {
  return kindOf(target).prepare?.(ends, target);
}

/** Connects a subscription to what its destination means. */
export function connect<Kind extends TargetKind>(target: Target<Kind>, ends: RouteEnds): Disconnect {
  return kindOf(target).connect(target, ends);
}

function kindOf<Kind extends TargetKind>({ kind }: Target<Kind>): RouteKind<Kind> {
  return ROUTE_KINDS[kind];
}

function connectTopics(
  topics: readonly string[],
  { owner, shape }: RouteEnds,
  subscriber: Subscriber,
): Disconnect {
  const { hub } = owner.services;
  for (const topic of topics) hub.subscribe(topic, shape, subscriber);
  return () => {
    for (const topic of topics) hub.unsubscribe(topic, shape, subscriber);
  };
}

function connectNotifications(ends: RouteEnds): Disconnect {
  const { owner, outlet } = ends;
  const notifications = new NotificationOutlet(outlet, owner.services.hub.isolation);
  const topics = [topicOfUser(owner), tenantTopic(owner.chat.principal.tenant)];
  const disconnect = connectTopics(topics, ends, notifications);
  void tellMissed(notifications, ends);
  return disconnect;
}

/** What does not come now, as the store is out of reach, comes at the next subscription. */
async function tellMissed(
  outlet: NotificationOutlet,
  { owner, shape, subscription }: RouteEnds,
): Promise<void> {
  const { services, dialect, chat } = owner;
  const { core, deliveries, log } = services;
  try {
    // What another session of the user was told just now is not missed.
    await deliveries.flush();
    const missed = await core.notifications.untold(chat.principal);
    outlet.catchUp(shape, missed, subscription.room);
  } catch (err) {
    log.warn({ err, dialect }, 'missed notifications were not told');
  }
}

function topicOfUser({ chat }: RouteOwner): string {
  return userTopic(chat.principal.tenant, chat.principal.userId);
}
