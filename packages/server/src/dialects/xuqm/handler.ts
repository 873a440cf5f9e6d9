import type { StompFrame, XuqmConversations, XuqmError, XuqmSyncDone } from '@haina/wire';
import type { ConversationPageQuery } from '../../core/conversation-list.ts';
import type { DomainError } from '../../core/errors.ts';
import type { Shape } from '../../hub/fan-out.ts';
import type { ReplayResult } from '../../hub/replay.ts';
import type { StompSubscription } from '../../stomp/handler.ts';
import { answerOf } from '../common/conversation-answer.ts';
import { noDestination, parseUserQueue, refuseSend } from '../common/destinations.ts';
import { peekString } from '../common/json.ts';
import { StompDialectHandler, type Target } from '../common/stomp-dialect-handler.ts';
import { sendJson, stompShape } from '../common/stomp-shape.ts';
import { GROUP_PREFIX, QUEUES, XUQM } from './catalog.ts';
import { COMMANDS, type CommandContext } from './commands.ts';
import { messageBody, receiptBody, renderConversation, typingBody } from './render.ts';

/** The `xuqm` side of a STOMP session: its destinations as commands, the core's events as its messages. */
export class XuqmHandler extends StompDialectHandler {
  protected readonly dialect = XUQM;
  protected readonly inbox = '/user/queue/messages';

  protected parseTarget(destination: string): Target {
    if (destination.startsWith(GROUP_PREFIX)) {
      return { kind: 'group', groupId: destination.slice(GROUP_PREFIX.length) };
    }
    const target = parseUserQueue(destination, QUEUES, this.chat.principal);
    if (!target) throw noDestination(destination);
    return target;
  }

  protected shapeOf(target: Target, subscription: StompSubscription): Shape {
    const ofMessages = target.kind === 'user' ? receiptBody : messageBody;
    const write = target.kind === 'events' ? typingBody : ofMessages;
    const shows = write === receiptBody ? (['receipt'] as const) : [];
    return stompShape(`${XUQM}/${write.name}`, this.stomp.version, subscription, { write, shows });
  }

  protected execute(destination: string, frame: StompFrame): Promise<unknown> {
    const command = COMMANDS.get(destination);
    if (!command) throw refuseSend(destination);
    const { core, plugins } = this.services;
    const { principal, id } = this.chat;
    const hasMessageType = (name: string): boolean => plugins?.hasMessageType(name) ?? false;
    const context: CommandContext = {
      core,
      principal,
      sessionId: id,
      hasMessageType,
      sync: this.sync.bind(this),
      tellConversations: (query) => this.#tellConversations(query),
    };
    return command(context, frame.body);
  }

  async #tellConversations(query: ConversationPageQuery): Promise<void> {
    const subscriptions = this.requireReplies('conversations', '/user/queue/conversations');
    const page = await this.services.core.conversations.page(this.chat.principal, query);
    const answer: XuqmConversations = { after: query.after ?? null, ...answerOf(page, renderConversation) };
    for (const subscription of subscriptions) sendJson(this.stomp, subscription, answer);
  }

  protected tellRefusal({ code, message }: DomainError, frame: StompFrame): void {
    const body: XuqmError = {
      code,
      message,
      destination: frame.headers.get('destination') ?? '',
      messageId: peekString(frame.body, 'messageId'),
    };
    for (const subscription of this.subscriptionsTo('errors')) sendJson(this.stomp, subscription, body);
  }

  protected tellSyncDone(subscription: StompSubscription, { count, complete, gone }: ReplayResult): void {
    const createdAt = this.services.clock.now();
    const done: XuqmSyncDone = {
      id: `sync-${createdAt}`,
      fromId: '',
      toId: this.chat.principal.userId,
      chatType: 'SINGLE',
      msgType: 'SYNC_DONE',
      content: String(count),
      status: 'SENT',
      createdAt,
      count,
      complete,
      ...(gone ? { gone: [...gone] } : {}),
    };
    sendJson(this.stomp, subscription, done);
  }
}
