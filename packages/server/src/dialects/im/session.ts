import { ImMessageStatus, ImMessageType, ImScope, type StompFrame } from '@haina/wire';
import type { ConversationPageQuery } from '../../core/conversation-list.ts';
import { isSingleOf } from '../../core/conversations.ts';
import { DomainError } from '../../core/errors.ts';
import type { CoreEvent } from '../../core/events.ts';
import { sentStatus } from '../../core/message-access.ts';
import type { Principal } from '../../core/model.ts';
import type { Shape } from '../../hub/fan-out.ts';
import type { ReplayResult } from '../../hub/replay.ts';
import type { StompSubscription } from '../../stomp/handler.ts';
import type { ReplayQuery } from '../common/chat-session.ts';
import { answerOf } from '../common/conversation-answer.ts';
import { noDestination, parseUserQueue, refuseSend } from '../common/destinations.ts';
import type { DialectSession, OpenSession } from '../common/stomp/binding.ts';
import { type InboxSync, syncInbox } from '../common/stomp/inbox-sync.ts';
import { nameOf, type Target } from '../common/stomp/target.ts';
import { stompShape } from '../common/stomp-shape.ts';
import { Answers, type ImClient } from './answers.ts';
import { CONVERSATION_PREFIX, IM, NOTIFICATIONS, QUEUES } from './catalog.ts';
import { type CommandContext, execute, isImDestination } from './commands.ts';
import { renderConversation } from './conversation.ts';
import { encodedEvent, mediaTypeOf, requireEncoding } from './encoding.ts';
import { greet } from './greeting.ts';
import { type EventRenderer, RENDERERS, renderStatus, SHOWN_ON_DEMAND } from './render.ts';
import { renew } from './renewal.ts';
import { renderGoodbye, renderSystem } from './system.ts';

/** The `im` side of a STOMP session, in JSON or protobuf by session and by subscription. */
export function imSession(session: OpenSession, client: ImClient): DialectSession {
  const answers = new Answers(session, client);
  return {
    parseTarget: (destination) => parseTarget(destination, session.chat.principal),
    shapeOf: (target, subscription) => shapeOf(session, answers, target, subscription),
    execute(destination, { headers, body }) {
      if (!isImDestination(destination)) throw refuseSend(destination);
      const encoding = requireEncoding(session.stomp.connection, headers.get('content-type'), 'json');
      return execute(destination, contextOf(session, client, answers), body, encoding);
    },
    tellRefusal: (refusal, frame: StompFrame, destination) => answers.refuse(refusal, frame, destination),
    subscribed: (subscription, target) => greet(session, answers, subscription, target),
    ending: (reason) => answers.tellAll('events', renderGoodbye(answers.addressee, reason)),
  };
}

function parseTarget(destination: string, principal: Principal): Target {
  if (destination.startsWith(CONVERSATION_PREFIX)) {
    const conversationId = destination.slice(CONVERSATION_PREFIX.length);
    if (!conversationId.includes(':')) return { kind: 'group', groupId: conversationId };
    if (isSingleOf(conversationId, principal.userId)) return { kind: 'single', conversationId };
    throw new DomainError('EPERM', 'a conversation of others', { field: 'destination' });
  }
  if (destination === NOTIFICATIONS) return { kind: 'notifications', name: 'notifications' };
  const target = parseUserQueue(destination, QUEUES, principal);
  if (!target) throw noDestination(destination);
  return target;
}

function shapeOf(
  { services, stomp }: OpenSession,
  answers: Answers,
  target: Target,
  subscription: StompSubscription,
): Shape {
  const encoding = answers.encodingOf(subscription);
  const name = nameOf(target);
  const render = RENDERERS[name] as EventRenderer;
  const now = () => services.clock.now();
  const write = (event: CoreEvent) => encodedEvent(event, name, encoding, () => render(event, now()));
  const key = `${IM}/${name}/${encoding}`;
  const form = { write, shows: SHOWN_ON_DEMAND[name] ?? [], contentType: mediaTypeOf(encoding) };
  return stompShape(key, stomp.version, subscription, form);
}

function contextOf(session: OpenSession, { deviceId }: ImClient, answers: Answers): CommandContext {
  const { services, chat } = session;
  return {
    core: services.core,
    principal: chat.principal,
    sessionId: chat.id,
    deviceId,
    sync: (query) => syncInbox(session, syncOf(session, answers), query),
    tellConversations: (query) => tellConversations(session, answers, query),
    renew: async (token) => {
      const expiresAt = await renew(session, token);
      answers.answer('auth', renderSystem(answers.addressee, ImMessageType.SYSTEM_AUTH, { expiresAt }));
    },
    repeated: (message) => answers.tellAll('status', renderStatus(sentStatus(message))),
    sending: (id) => answers.tellAttempt(ImMessageStatus.MESSAGE_SENDING, id),
    heartbeat: () =>
      answers.answer('heartbeat', renderSystem(answers.addressee, ImMessageType.SYSTEM_HEARTBEAT, {})),
  };
}

function syncOf(session: OpenSession, answers: Answers): InboxSync {
  return {
    inbox: '/user/queue/private-messages',
    tellDone: (inbox, result, query) => tellSyncDone(session, answers, inbox, result, query),
  };
}

async function tellSyncDone(
  { services, chat }: OpenSession,
  answers: Answers,
  inbox: StompSubscription,
  { count, complete, gone }: ReplayResult,
  { conversationId }: ReplayQuery,
): Promise<void> {
  const { changes } = services.core;
  const pinned = await changes.listAllPins(chat.principal);
  const deleted =
    conversationId === undefined ? undefined : await changes.listHidden(chat.principal, conversationId);
  const pins = pinned.map(({ message, scope }) => ({
    messageId: message.id,
    conversationId: message.conversationId,
    pinScope: scope === 'everyone' ? ImScope.EVERYONE : ImScope.ME,
  }));
  const document = { type: 'SYNC_DONE', count, complete, gone, pins, deleted };
  answers.tell(inbox, renderSystem(answers.addressee, ImMessageType.SYSTEM_STATUS, document));
}

async function tellConversations(
  { services, chat, routes }: OpenSession,
  answers: Answers,
  query: ConversationPageQuery,
): Promise<void> {
  const subscriptions = routes.require('conversations', '/user/queue/conversations');
  const page = await services.core.conversations.page(chat.principal, query);
  const answer = renderSystem(answers.addressee, ImMessageType.SYSTEM_STATUS, {
    type: 'CONVERSATIONS',
    after: query.after ?? null,
    ...answerOf(page, renderConversation),
  });
  for (const subscription of subscriptions) answers.tell(subscription, answer);
}
