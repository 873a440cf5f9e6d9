import type { DeskError, DeskOut, StompFrame } from '@haina/wire';
import { requireBroadcastName } from '../../core/broadcasts.ts';
import { isAtDesk } from '../../core/desk/access.ts';
import type { AgentWatch } from '../../core/desk/agent-watch.ts';
import { DomainError } from '../../core/errors.ts';
import type { Principal } from '../../core/model.ts';
import { broadcastTopic, deskTopic } from '../../core/topics.ts';
import type { Shape } from '../../hub/fan-out.ts';
import type { ReplayResult } from '../../hub/replay.ts';
import type { StompSubscription } from '../../stomp/handler.ts';
import type { StompSession } from '../../stomp/session.ts';
import type { ReplayQuery } from '../common/chat-session.ts';
import { noDestination, parseUserQueue, refuseSend } from '../common/destinations.ts';
import { peekString } from '../common/json.ts';
import type { DialectServices } from '../common/services.ts';
import { StompDialectHandler, type Target } from '../common/stomp-dialect-handler.ts';
import { sendJson, stompContentShape, stompShape } from '../common/stomp-shape.ts';
import { broadcastContent } from './broadcast.ts';
import { AGENTS, DESK, QUEUES, TOPIC_PREFIX } from './catalog.ts';
import { type CommandContext, commandOf } from './commands.ts';
import {
  agentBody,
  boardBody,
  customerBody,
  renderBoard,
  renderEnded,
  renderHistory,
  renderView,
} from './render.ts';
import { requireEndpoint } from './roles.ts';
import { MAX_HISTORY } from './schemas.ts';

/** The `desk` side of a STOMP session: a customer's or an agent's, by its endpoint. */
export class DeskHandler extends StompDialectHandler {
  protected readonly dialect = DESK;
  protected readonly inbox = '/user/queue/messages';
  readonly #agentWatch: AgentWatch;
  #isWelcomed = false;
  #syncing: Promise<void> | undefined;

  constructor(services: DialectServices, stomp: StompSession, tenant: string, agentWatch: AgentWatch) {
    super(services, stomp, tenant);
    this.#agentWatch = agentWatch;
  }

  protected override prepare({ role }: Principal): void {
    requireEndpoint(this.stomp.connection.request.path, role);
  }

  protected override async entered(): Promise<void> {
    const { principal } = this.chat;
    if (isAtDesk(principal)) await this.#agentWatch.came(principal);
  }

  protected override left(): void {
    const { principal } = this.chat;
    if (isAtDesk(principal)) this.#agentWatch.left(principal);
  }

  protected override subscribed(subscription: StompSubscription, target: Target): void {
    if (target.kind === 'topic' && target.name === 'agents') this.#inform(this.#tellBoard(subscription));
    else if (!this.#isWelcomed && target.kind === 'inbox') {
      this.#isWelcomed = true;
      // Begins before anything live comes by: that waits until what was missed is told.
      this.#inform(this.sync({}, () => this.#tellOpen(subscription)));
    }
  }

  protected parseTarget(destination: string): Target {
    const { principal } = this.chat;
    if (destination === AGENTS) {
      if (!isAtDesk(principal)) {
        throw new DomainError('EPERM', `${AGENTS} is for agents only`, { field: 'destination' });
      }
      return { kind: 'topic', name: 'agents', topic: deskTopic(principal.tenant) };
    }
    if (destination.startsWith(TOPIC_PREFIX)) {
      const name = requireBroadcastName(destination.slice(TOPIC_PREFIX.length));
      return { kind: 'topic', name: 'broadcast', topic: broadcastTopic(principal.tenant, name) };
    }
    const target = parseUserQueue(destination, QUEUES, principal);
    if (!target) throw noDestination(destination);
    return target;
  }

  protected shapeOf(target: Target, subscription: StompSubscription): Shape {
    const { version, connection } = this.stomp;
    if (target.kind === 'topic' && target.name === 'broadcast') {
      const { carriesBinary } = connection;
      const write = broadcastContent(carriesBinary);
      return stompContentShape(`${DESK}/broadcast/${carriesBinary}`, version, subscription, write);
    }
    const inboxBody = isAtDesk(this.chat.principal) ? agentBody : customerBody;
    const write = target.kind === 'topic' ? boardBody : inboxBody;
    return stompShape(`${DESK}/${write.name}`, version, subscription, write);
  }

  protected async execute(destination: string, frame: StompFrame): Promise<unknown> {
    const { principal } = this.chat;
    if (destination.startsWith(TOPIC_PREFIX)) return this.#broadcast(destination, frame);
    const command = commandOf(destination, principal);
    if (!command) throw refuseSend(destination);
    return command(this.#context, frame.body);
  }

  protected tellRefusal({ code, message }: DomainError, frame: StompFrame): void {
    const body: DeskError = {
      code,
      message,
      destination: frame.headers.get('destination') ?? '',
      messageId: peekString(frame.body, 'clientMsgId') ?? peekString(frame.body, 'messageId'),
    };
    for (const subscription of this.subscriptionsTo('errors')) sendJson(this.stomp, subscription, body);
  }

  protected tellSyncDone(subscription: StompSubscription, { count, complete, gone }: ReplayResult): void {
    this.#tell(subscription, { type: 'sync', count, complete, ...(gone ? { gone: [...gone] } : {}) });
  }

  /** One after the other, as the first one is the server's own. */
  protected override sync(query: ReplayQuery, prelude?: () => Promise<void>): Promise<void> {
    const run = () => super.sync(query, prelude);
    const syncing = this.#syncing ? this.#syncing.then(run, run) : run();
    this.#syncing = syncing;
    const done = (): void => {
      if (this.#syncing === syncing) this.#syncing = undefined;
    };
    syncing.then(done, done);
    return syncing;
  }

  get #context(): CommandContext {
    return {
      core: this.services.core,
      principal: this.chat.principal,
      sessionId: this.chat.id,
      hasMessageType: (name) => this.services.plugins?.hasMessageType(name) ?? false,
      sync: (query) => this.sync(query),
      caughtUp: () => this.chat.caughtUp(),
      reply: (body) => {
        for (const subscription of this.inboxes()) this.#tell(subscription, body);
      },
    };
  }

  #broadcast(destination: string, frame: StompFrame): Promise<void> {
    const contentType = frame.headers.get('content-type');
    return this.services.core.broadcasts.send(this.chat.principal, {
      name: destination.slice(TOPIC_PREFIX.length),
      headers: [...frame.headers],
      ...(contentType === undefined ? {} : { contentType }),
      body: Uint8Array.from(frame.body),
    });
  }

  /** Tells one who comes which sessions it has and, a customer, what was said in its own. */
  async #tellOpen(subscription: StompSubscription): Promise<void> {
    const { sessions } = this.services.core.desk;
    const { principal } = this.chat;
    const open = await sessions.openOf(principal);
    for (const body of open.flatMap(renderView)) this.#tell(subscription, body);
    if (isAtDesk(principal)) return;
    const ended = open.length === 0 ? await sessions.endedAlone(principal) : undefined;
    if (ended) this.#tell(subscription, renderEnded(ended));
    for (const { session } of open) {
      const page = await sessions.history(principal, session.id, { limit: MAX_HISTORY });
      this.#tell(subscription, renderHistory(session.id, page));
    }
  }

  async #tellBoard(subscription: StompSubscription): Promise<void> {
    const board = await this.services.core.desk.reports.board(this.chat.principal);
    sendJson(this.stomp, subscription, renderBoard(board));
  }

  #tell(subscription: StompSubscription, body: DeskOut): void {
    sendJson(this.stomp, subscription, body);
  }

  /** What does not come now, as the store is out of reach, comes at the next subscription. */
  #inform(telling: Promise<void>): void {
    telling.catch((err: unknown) => {
      this.services.log.warn({ err, dialect: DESK }, 'a client was not told what it missed');
    });
  }
}
