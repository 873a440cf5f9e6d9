import type { StompFrame } from '@haina/wire';
import { requireBroadcastName } from '../../core/broadcasts.ts';
import { isAtDesk } from '../../core/desk/access.ts';
import type { AgentWatch } from '../../core/desk/agent-watch.ts';
import { DomainError } from '../../core/errors.ts';
import type { Principal } from '../../core/model.ts';
import { broadcastTopic, deskTopic } from '../../core/topics.ts';
import type { Shape } from '../../hub/fan-out.ts';
import type { StompSubscription } from '../../stomp/handler.ts';
import { noDestination, parseUserQueue, refuseSend } from '../common/destinations.ts';
import type { DialectSession, OpenSession } from '../common/stomp/binding.ts';
import type { Target } from '../common/stomp/target.ts';
import { stompContentShape, stompShape } from '../common/stomp-shape.ts';
import { Answers } from './answers.ts';
import { broadcastContent } from './broadcast.ts';
import { AGENTS, DESK, QUEUES, TOPIC_PREFIX } from './catalog.ts';
import { chatBody } from './chat-render.ts';
import { type CommandContext, commandOf } from './commands.ts';
import { agentBody, boardBody, customerBody } from './render.ts';
import { StyleChoice } from './style.ts';
import { Syncs } from './syncs.ts';
import { Welcome } from './welcome.ts';

/** The `desk` side of a STOMP session: a customer's or an agent's, by its endpoint. */
export function deskSession(session: OpenSession, agentWatch: AgentWatch): DialectSession {
  const { principal } = session.chat;
  const shape = (target: Target, subscription: StompSubscription) =>
    shapeOf(session, style, target, subscription);
  const style = new StyleChoice(() => session.routes.reshapeInboxes(shape));
  const syncs = new Syncs(session, style);
  const answers = new Answers(session, style);
  const welcome = new Welcome(session, style, syncs);
  return {
    parseTarget: (destination) => parseTarget(destination, principal),
    shapeOf: shape,
    execute(destination, frame) {
      if (destination.startsWith(TOPIC_PREFIX)) return broadcast(session, destination, frame);
      style.settle(destination);
      const command = commandOf(destination, principal);
      if (!command) throw refuseSend(destination);
      return command(contextOf(session, syncs, answers), frame.body);
    },
    tellRefusal: (refusal, frame, destination) => answers.refuse(refusal, frame, destination),
    subscribed: (subscription, target) => welcome.subscribed(subscription, target),
    entered: () => (isAtDesk(principal) ? agentWatch.came(principal) : undefined),
    left: () => (isAtDesk(principal) ? agentWatch.left(principal) : undefined),
  };
}

function parseTarget(destination: string, principal: Principal): Target {
  const { tenant } = principal;
  if (destination === AGENTS) {
    if (!isAtDesk(principal)) {
      throw new DomainError('EPERM', `${AGENTS} is for agents only`, { field: 'destination' });
    }
    return { kind: 'topic', name: 'agents', topic: deskTopic(tenant) };
  }
  if (destination.startsWith(TOPIC_PREFIX)) {
    const name = requireBroadcastName(destination.slice(TOPIC_PREFIX.length));
    return { kind: 'topic', name: 'broadcast', topic: broadcastTopic(tenant, name) };
  }
  const target = parseUserQueue(destination, QUEUES, principal);
  if (!target) throw noDestination(destination);
  return target;
}

function shapeOf(
  { services, stomp, chat }: OpenSession,
  style: StyleChoice,
  target: Target,
  subscription: StompSubscription,
): Shape {
  const { version, connection } = stomp;
  if (target.kind === 'topic' && target.name === 'broadcast') {
    const { carriesBinary } = connection;
    const write = broadcastContent(carriesBinary);
    return stompContentShape(`${DESK}/broadcast/${carriesBinary}`, version, subscription, {
      write,
      shows: [],
    });
  }
  if (target.kind === 'inbox' && style.isChat) {
    const write = chatBody(() => services.clock.now());
    return stompShape(`${DESK}/chat`, version, subscription, { write, shows: [] });
  }
  const inboxBody = isAtDesk(chat.principal) ? agentBody : customerBody;
  const write = target.kind === 'topic' ? boardBody : inboxBody;
  const shows = write === boardBody ? [] : (['receipt'] as const);
  return stompShape(`${DESK}/${write.name}`, version, subscription, { write, shows });
}

function broadcast(
  { services, chat }: OpenSession,
  destination: string,
  { headers, body }: StompFrame,
): Promise<void> {
  const contentType = headers.get('content-type');
  return services.core.broadcasts.send(chat.principal, {
    name: destination.slice(TOPIC_PREFIX.length),
    headers: [...headers],
    ...(contentType === undefined ? {} : { contentType }),
    body: Uint8Array.from(body),
  });
}

function contextOf({ services, chat }: OpenSession, syncs: Syncs, answers: Answers): CommandContext {
  return {
    core: services.core,
    principal: chat.principal,
    sessionId: chat.id,
    hasMessageType: (name) => services.plugins?.hasMessageType(name) ?? false,
    sync: (query) => syncs.run(query),
    caughtUp: () => chat.caughtUp(),
    reply: (body) => answers.reply(body),
    sent: (message) => answers.sent(message),
    acknowledge: (confirmed) => answers.acknowledge(confirmed),
  };
}
