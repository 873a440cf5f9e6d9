import { ATTACKERS, anyJson, type Dialect, GROUP, type Json } from './inputs.ts';
import { mutate, type Random } from './random.ts';

export type DeskRole = 'user' | 'agent' | 'admin';

const SKILLS = ['', 'sales', 'billing', 'x'.repeat(65)];
const KEYS = ['sessionId', 'content', 'msgType', 'clientMsgId', 'skill', 'topic', 'score', '__proto__', ''];
const TOPICS = ['/topic/news', '/topic/a.b/c', '/topic/agents', '/topic/'];

/** The body of a command about a session, mostly right. */
type Body = (random: Random, sessionId: string) => Record<string, Json>;

const anyId = (random: Random): string => `m${random.below(500)}`;

const BODIES: Readonly<Record<string, Body>> = {
  send: (random, sessionId) => ({
    content: random.pick<Json>(['hello', '你好', 'x'.repeat(1900), { url: 'https://example.com/a' }]),
    ...(random.happens(0.5) ? { sessionId } : { skill: random.pick(SKILLS) }),
    ...(random.happens(0.1) ? { conversationId: GROUP } : {}),
    ...(random.happens(0.3) ? { msgType: random.pick(['text', 'image', 'custom', 'x.y']) } : {}),
    ...(random.happens(0.5) ? { clientMsgId: anyId(random) } : {}),
  }),
  typing: (_random, sessionId) => ({ sessionId }),
  read: (random, sessionId) =>
    random.happens(0.5) ? { messageId: anyId(random) } : { sessionId, seq: random.below(9) },
  close: (_random, sessionId) => ({ sessionId }),
  rate: (random, sessionId) => ({ sessionId, score: random.below(7), comment: 'x' }),
  history: (random, sessionId) => ({ sessionId, limit: 1 + random.below(50), before: random.below(99) }),
  sync: (random, sessionId) => (random.happens(0.5) ? {} : { sessionId, sinceSeq: random.below(9) }),
  recall: (random) => ({ messageId: anyId(random) }),
  edit: (random) => ({ messageId: anyId(random), content: 'edited' }),
  status: (random) => ({
    status: random.pick(['online', 'online', 'busy', 'away', 'offline']),
    capacity: random.below(5),
    skills: random.some(3, () => random.pick(SKILLS)),
  }),
  accept: (_random, sessionId) => ({ sessionId }),
  transfer: (random, sessionId) => ({
    sessionId,
    ...(random.happens(0.5) ? { agentId: random.pick(ATTACKERS) } : { skill: random.pick(SKILLS) }),
  }),
  note: (random, sessionId) => ({ sessionId, content: 'a note', clientMsgId: anyId(random) }),
};
const COMMANDS = Object.keys(BODIES).map((name) => `/app/${name}`);

/** Clients of the service desk. @param sessions ids of service sessions, to be taken part in */
export function desk(role: DeskRole, sessions: readonly string[] = []): Dialect & { role: DeskRole } {
  return {
    role,
    commands: [...COMMANDS, ...COMMANDS, ...COMMANDS, '/app/send', '/app/nothing', ...TOPICS],
    destinations: ['messages', 'messages', 'errors', 'nothing']
      .map((name) => `/user/queue/${name}`)
      .concat(TOPICS, '/user/attacker1/queue/messages'),
    say: (random, command) => anyDeskBody(random, command, random.pick([...sessions, 'nothing'])),
  };
}

function anyDeskBody(random: Random, command: string, sessionId: string) {
  const bodyOf = BODIES[command.slice('/app/'.length)];
  if (!bodyOf) return { body: random.bytes(random.below(200)), type: random.pick(['text/plain', 'x', '']) };
  const sound = bodyOf(random, sessionId);
  if (random.happens(0.2)) sound[random.pick(KEYS)] = anyJson(random);
  const body = Buffer.from(JSON.stringify(random.happens(0.05) ? anyJson(random) : sound));
  return { body: random.happens(0.15) ? mutate(body, random) : body };
}
