import type { StompFrame, XuqmConversations, XuqmError, XuqmSyncDone } from '@haina/wire';
import type { ConversationPageQuery } from '../../core/conversation-list.ts';
import type { DomainError } from '../../core/errors.ts';
import type { Principal } from '../../core/model.ts';
import type { Shape } from '../../hub/fan-out.ts';
import type { ReplayResult } from '../../hub/replay.ts';
import type { StompSubscription } from '../../stomp/handler.ts';
import { answerOf } from '../common/conversation-answer.ts';
import { noDestination, parseUserQueue, refuseSend } from '../common/destinations.ts';
import { peekString } from '../common/json.ts';
import type { DialectSession, OpenSession } from '../common/stomp/binding.ts';
import { type InboxSync, syncInbox } from '../common/stomp/inbox-sync.ts';
import type { Target } from '../common/stomp/target.ts';
import { sendJson, stompShape } from '../common/stomp-shape.ts';
import { GROUP_PREFIX, QUEUES, XUQM } from './catalog.ts';
import { COMMANDS, type CommandContext } from './commands.ts';
import { messageBody, receiptBody, renderConversation, typingBody } from './render.ts';

/** The `xuqm` side of a STOMP session: its destinations as commands, the core's events as its messages. */
export function xuqmSession(session: OpenSession): DialectSession {
  return {
    parseTarget: (destination) => parseTarget(destination, session.chat.principal),
    shapeOf: (target, subscription) => shapeOf(session, target, subscription),
    execute: (destination, frame) => execute(session, destination, frame),
    tellRefusal: (refusal, frame) => tellRefusal(session, refusal, frame),
  };
}

function parseTarget(destination: string, principal: Principal): Target {
  if (destination.startsWith(GROUP_PREFIX)) {
    return { kind: 'group', groupId: destination.slice(GROUP_PREFIX.length) };
  }
  const target = parseUserQueue(destination, QUEUES, principal);
  if (!target) throw noDestination(destination);
  return target;
}

function shapeOf({ stomp }: OpenSession, target: Target, subscription: StompSubscription): Shape {
  const ofMessages = target.kind === 'user' ? receiptBody : messageBody;
  const write = target.kind === 'events' ? typingBody : ofMessages;
  const shows = write === receiptBody ? (['receipt'] as const) : [];
  return stompShape(`${XUQM}/${write.name}`, stomp.version, subscription, { write, shows });
}

function execute(session: OpenSession, destination: string, frame: StompFrame): Promise<unknown> {
  const command = COMMANDS.get(destination);
  if (!command) throw refuseSend(destination);
  return command(contextOf(session), frame.body);
}

function contextOf(session: OpenSession): CommandContext {
  const { core, plugins } = session.services;
  const { principal, id } = session.chat;
  return {
    core,
    principal,
    sessionId: id,
    hasMessageType: (name) => plugins?.hasMessageType(name) ?? false,
    sync: (query) => syncInbox(session, syncOf(session), query),
    tellConversations: (query) => tellConversations(session, query),
  };
}

function syncOf(session: OpenSession): InboxSync {
  return {
    inbox: '/user/queue/messages',
    tellDone: (inbox, result) => tellSyncDone(session, inbox, result),
  };
}

async function tellConversations(session: OpenSession, query: ConversationPageQuery): Promise<void> {
  const { services, stomp, chat, routes } = session;
  const subscriptions = routes.require('conversations', '/user/queue/conversations');
  const page = await services.core.conversations.page(chat.principal, query);
  const answer: XuqmConversations = { after: query.after ?? null, ...answerOf(page, renderConversation) };
  for (const subscription of subscriptions) sendJson(stomp, subscription, answer);
}

function tellRefusal(
  { stomp, routes }: OpenSession,
  { code, message }: DomainError,
  frame: StompFrame,
): void {
  const body: XuqmError = {
    code,
    message,
    destination: frame.headers.get('destination') ?? '',
    messageId: peekString(frame.body, 'messageId'),
  };
  for (const subscription of routes.named('errors')) sendJson(stomp, subscription, body);
}

function tellSyncDone(
  { services, stomp, chat }: OpenSession,
  inbox: StompSubscription,
  { count, complete, gone }: ReplayResult,
): void {
  const createdAt = services.clock.now();
  const done: XuqmSyncDone = {
    id: `sync-${createdAt}`,
    fromId: '',
    toId: chat.principal.userId,
    chatType: 'SINGLE',
    msgType: 'SYNC_DONE',
    content: String(count),
    status: 'SENT',
    createdAt,
    count,
    complete,
    ...(gone ? { gone: [...gone] } : {}),
  };
  sendJson(stomp, inbox, done);
}
