import type { DeskAck, DeskError, DeskOut, StompFrame } from '@haina/wire';
import { requireBroadcastName } from '../../core/broadcasts.ts';
import { isAtDesk } from '../../core/desk/access.ts';
import type { AgentWatch } from '../../core/desk/agent-watch.ts';
import { DomainError } from '../../core/errors.ts';
import type { Message, Principal } from '../../core/model.ts';
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
import { chatBody, renderAck, renderSessionStatus } from './chat-render.ts';
import { type CommandContext, commandOf, isChatCommand, isDeskCommand } from './commands.ts';
import {
  agentBody,
  boardBody,
  customerBody,
  renderBoard,
  renderEnded,
  renderHistory,
  renderSent,
  renderView,
} from './render.ts';
import { requireEndpoint } from './roles.ts';
import { MAX_HISTORY } from './schemas.ts';

/** The protocol's own style, or that of clients of other servers, which begin with `/app/chat.…`. */
type Style = 'own' | 'chat';

/** The sync that begins with the first subscription. */
const WELCOME: ReplayQuery = {};

/** Names under which a frame says what its client calls it. */
const MESSAGE_IDS = ['clientMsgId', 'messageId', 'msgId'];

/** The `desk` side of a STOMP session: a customer's or an agent's, by its endpoint. */
export class DeskHandler extends StompDialectHandler {
  protected readonly dialect = DESK;
  protected readonly inbox = '/user/queue/messages';
  readonly #agentWatch: AgentWatch;
  #isWelcomed = false;
  /** In which of its two styles the session is told. */
  #style: Style = 'own';
  /** Whether the client has sent something that says which. */
  #isStyleSettled = false;
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
    // Until it sends something, it is taken for one that uses what it waits for.
    if (target.kind === 'replies' && target.name === 'reply' && !this.#isStyleSettled) this.#become('chat');
    if (target.kind === 'topic' && target.name === 'agents') this.#inform(this.#tellBoard(subscription));
    else if (!this.#isWelcomed && target.kind === 'inbox') {
      this.#isWelcomed = true;
      // Begins before anything live comes by: that waits until what was missed is told.
      this.#inform(this.sync(WELCOME, () => this.#tellOpen(subscription)));
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
      return stompContentShape(`${DESK}/broadcast/${carriesBinary}`, version, subscription, {
        write,
        shows: [],
      });
    }
    if (target.kind === 'inbox' && this.#style === 'chat') {
      const write = chatBody(() => this.services.clock.now());
      return stompShape(`${DESK}/chat`, version, subscription, { write, shows: [] });
    }
    const inboxBody = isAtDesk(this.chat.principal) ? agentBody : customerBody;
    const write = target.kind === 'topic' ? boardBody : inboxBody;
    const shows = write === boardBody ? [] : (['receipt'] as const);
    return stompShape(`${DESK}/${write.name}`, version, subscription, { write, shows });
  }

  protected async execute(destination: string, frame: StompFrame): Promise<unknown> {
    const { principal } = this.chat;
    if (destination.startsWith(TOPIC_PREFIX)) return this.#broadcast(destination, frame);
    this.#settle(destination);
    const command = commandOf(destination, principal);
    if (!command) throw refuseSend(destination);
    return command(this.#context, frame.body);
  }

  protected tellRefusal(refusal: DomainError, frame: StompFrame, destination: string): void {
    const { code, message } = refusal;
    const messageId =
      MESSAGE_IDS.map((name) => peekString(frame.body, name)).find((id) => id !== null) ?? null;
    const written = frame.headers.get('destination') ?? '';
    const body: DeskError = { code, message, destination: written, messageId };
    for (const subscription of this.subscriptionsTo('errors')) sendJson(this.stomp, subscription, body);
    if (frame.command !== 'SEND') return;
    this.#settle(destination);
    const refused = { originalMsgId: messageId, sessionId: peekString(frame.body, 'sessionId') };
    this.#acknowledge(refused, refusal);
  }

  protected tellSyncDone(
    subscription: StompSubscription,
    { count, complete, gone }: ReplayResult,
    query: ReplayQuery,
  ): void {
    if (query === WELCOME && this.#style === 'chat') return;
    this.#tell(subscription, { type: 'sync', count, complete, ...(gone ? { gone: [...gone] } : {}) });
  }

  /** The first command of the session says which style its client speaks. */
  #settle(destination: string): void {
    if (this.#isStyleSettled || !isDeskCommand(destination)) return;
    this.#isStyleSettled = true;
    this.#become(isChatCommand(destination) ? 'chat' : 'own');
  }

  #become(style: Style): void {
    if (style === this.#style) return;
    this.#style = style;
    this.reshapeInboxes();
  }

  #acknowledge(confirmed: Pick<DeskAck, 'originalMsgId' | 'sessionId'>, refusal?: DomainError): void {
    if (this.#style !== 'chat') return;
    const ack = renderAck(confirmed, this.services.clock.now(), refusal);
    for (const subscription of this.subscriptionsTo('reply')) sendJson(this.stomp, subscription, ack);
  }

  #tellSent(message: Message): void {
    const sent = renderSent(message);
    this.#acknowledge({ originalMsgId: sent.clientMsgId, sessionId: sent.sessionId });
    if (this.#style === 'chat') return;
    for (const subscription of this.inboxes()) this.#tell(subscription, sent);
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
      sent: (message) => this.#tellSent(message),
      acknowledge: (confirmed) => this.#acknowledge(confirmed),
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
    const ended =
      open.length === 0 && !isAtDesk(principal) ? await sessions.endedAlone(principal) : undefined;
    if (this.#style === 'chat') {
      const known = ended ? [ended] : open.map(({ session }) => session);
      for (const session of known) sendJson(this.stomp, subscription, renderSessionStatus(session));
      return;
    }
    for (const body of open.flatMap(renderView)) this.#tell(subscription, body);
    if (ended) this.#tell(subscription, renderEnded(ended));
    if (isAtDesk(principal)) return;
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
