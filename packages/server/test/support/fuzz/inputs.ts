import { encodeFrame } from '@haina/wire';
import { mutate, type Random } from './random.ts';

/** Users who attack: enough that the sessions one may have seldom run out. */
export const ATTACKERS = Array.from({ length: 24 }, (_, n) => `attacker${n}`);
export const GROUP = 'battlefield';

const STRINGS = [
  '',
  'x',
  '海纳 😀',
  '\ud800',
  '\0',
  '__proto__',
  'constructor',
  'x'.repeat(129),
  'x'.repeat(2001),
  '../../etc/passwd',
  "' OR 1=1 --",
  '%00',
  'single:attacker0:attacker1',
  'm1',
  GROUP,
  ...ATTACKERS.slice(0, 3),
];
const NUMBERS = [0, -1, 1, 1.5, 1e300, -0, 2 ** 31, 2 ** 53, Number.MAX_SAFE_INTEGER];
const KEYS = [
  'appId',
  'messageId',
  'msgID',
  'reciverId',
  'toId',
  'chatType',
  'msgType',
  'content',
  'conversationId',
  'sinceSeq',
  'id',
  'uid',
  'username',
  'nickname',
  'password',
  'role',
  'name',
  'members',
  'userId',
  'app',
  '__proto__',
  'constructor',
  '',
];

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export function anyJson(random: Random, depth = 3): Json {
  switch (random.below(depth > 0 ? 7 : 5)) {
    case 0:
      return null;
    case 1:
      return random.happens(0.5);
    case 2:
      return random.pick(NUMBERS);
    case 3:
    case 4:
      return random.pick(STRINGS);
    case 5:
      return random.some(4, () => anyJson(random, depth - 1));
    default:
      return Object.fromEntries(random.some(6, () => [random.pick(KEYS), anyJson(random, depth - 1)]));
  }
}

/** A command's body, mostly right. */
function anyBody(random: Random): Json {
  const sound: Record<string, Json> = {
    appId: 'default',
    messageId: `m${random.below(10_000)}`,
    msgID: `m${random.below(10_000)}`,
    reciverId: random.below(40),
    toId: random.pick(ATTACKERS),
    chatType: 'SINGLE',
    ...(random.happens(0.4) ? { toId: GROUP, chatType: 'GROUP' } : {}),
    msgType: random.pick(['TEXT', 'IMAGE', 'CUSTOM']),
    content: random.pick(['hello', '你好', 'x'.repeat(1900)]),
    ...(random.happens(0.2) ? { conversationId: GROUP, sinceSeq: random.below(10) } : {}),
  };
  if (random.happens(0.25)) sound[random.pick(KEYS)] = anyJson(random);
  return random.happens(0.05) ? anyJson(random) : sound;
}

/** The text of a body, now and then one that only a text can be: nested deeper than what would make it. */
function anyBodyText(random: Random): string {
  const text = JSON.stringify(anyBody(random));
  const depth = random.below(15_000);
  return random.happens(0.03)
    ? text.replace(/"content":"[^"]*"/, `"content":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`)
    : text;
}

/** Where a dialect's clients send and subscribe to. */
export interface Dialect {
  /** Of the token; `user` where absent. */
  readonly role?: string;
  readonly commands: readonly string[];
  readonly destinations: readonly string[];
  /** Of CONNECT, beside those of STOMP. */
  connectHeaders?(random: Random): [string, string][];
  /** A SEND's body and content-type, where they are not the JSON that the others share. */
  say?(random: Random, command: string): { readonly body: string | Buffer; readonly type?: string };
}

const QUEUES = ['messages', 'errors', 'receipts', 'nothing'].map((name) => `/user/queue/${name}`);

export const XUQM: Dialect = {
  commands: ['send', 'send', 'send', 'revoke', 'read', 'sync', 'nothing'].map((name) => `/app/chat.${name}`),
  destinations: [...QUEUES, ...QUEUES, `/topic/group/${GROUP}`, '/user/attacker1/queue/messages', '/topic/x'],
};

export const MIMI: Dialect = {
  commands: ['send', 'send', 'recive', 'recive', 'init', 'nothing'].map((name) => `/socket/chat/${name}`),
  destinations: [
    ...ATTACKERS.map((name) => `/user/${name}/recive`),
    ...['status', 'send/status', 'recive/status', 'nothing'].map((name) => `/user/queue/${name}`),
  ],
};

/** What one client says, mostly in keeping with what it said before, so that it is listened to for long. */
class Talker {
  readonly #random: Random;
  readonly #transactions = new Set<string>();
  readonly #dialect: Dialect;
  #subscriptions = 0;

  constructor(random: Random, dialect: Dialect) {
    this.#random = random;
    this.#dialect = dialect;
  }

  frame(): Uint8Array {
    const kind = this.#random.below(100);
    if (kind < 60) return this.#send();
    if (kind < 78) return this.#subscribe();
    if (kind < 84) return this.#end('UNSUBSCRIBE', 'id', String(this.#random.below(this.#subscriptions + 1)));
    if (kind < 93) return this.#transaction();
    if (kind < 97) return Buffer.from('\n');
    if (kind < 99) return this.#end(this.#random.pick(['ACK', 'NACK']), 'id', `${this.#random.below(50)}@1`);
    return this.#end(this.#random.pick(['CONNECT', 'DISCONNECT', 'STOMP', 'MESSAGE', 'X']), 'x', 'x');
  }

  #send(): Uint8Array {
    const transaction = this.#random.pick([...this.#transactions, undefined]);
    const destination = this.#random.pick(this.#dialect.commands);
    const said = this.#dialect.say?.(this.#random, destination) ?? { body: anyBodyText(this.#random) };
    const headers: [string, string][] = [['destination', destination]];
    if (said.type !== undefined) headers.push(['content-type', said.type]);
    if (transaction !== undefined && this.#random.happens(0.5)) headers.push(['transaction', transaction]);
    return this.#encode('SEND', headers, said.body);
  }

  #subscribe(): Uint8Array {
    const fresh = this.#random.happens(0.97) || this.#subscriptions === 0;
    const id = fresh ? ++this.#subscriptions : this.#subscriptions;
    return this.#encode('SUBSCRIBE', [
      ['id', String(id)],
      ['destination', this.#random.pick(this.#dialect.destinations)],
      ['ack', this.#random.pick(['auto', 'auto', 'auto', 'client', 'client-individual'])],
    ]);
  }

  #transaction(): Uint8Array {
    const open = [...this.#transactions];
    const [last = `t${this.#random.below(1000)}`] = open;
    const command = open.length === 0 ? 'BEGIN' : this.#random.pick(['COMMIT', 'COMMIT', 'ABORT']);
    if (command === 'BEGIN') this.#transactions.add(last);
    else this.#transactions.delete(last);
    return this.#end(command, 'transaction', last);
  }

  #end(command: string, header: string, value: string): Uint8Array {
    return this.#encode(command, [[header, value]]);
  }

  #encode(command: string, headers: [string, string][], body: string | Buffer = ''): Uint8Array {
    if (this.#random.happens(0.5)) headers.push(['receipt', `r${this.#random.below(100)}`]);
    return encodeFrame(command, headers, body);
  }
}

/** A stream of frames as a client that has lost its mind sends it; the first is mostly a sound CONNECT. */
export function anyStream(random: Random, token: string, dialect: Dialect): Buffer {
  const version = random.pick(['1.0', '1.1', '1.2', '1.2', '1.2']);
  const connect = encodeFrame('CONNECT', [
    ['accept-version', version],
    ['token', token],
    ['heart-beat', random.pick(['0,0', '10,10', '1000,0'])],
    ...(dialect.connectHeaders?.(random) ?? []),
  ]);
  const talker = new Talker(random, dialect);
  const rest = Buffer.concat(random.some(30, () => Buffer.from(talker.frame())));
  const said = random.happens(0.4) && rest.length > 0 ? mutate(rest, random) : rest;
  return random.happens(0.95)
    ? Buffer.concat([connect, said])
    : mutate(Buffer.concat([connect, rest]), random);
}

/** A message of the `room` protocol, or nearly; mostly of one who may send it. */
export function anyRoomMessage(random: Random, me: string): Buffer {
  const from: Json = {
    id: random.happens(0.9) ? me : random.pick(ATTACKERS),
    nickName: random.pick(STRINGS),
  };
  const roomNumber = random.pick(['E00001', 'E00001', GROUP, 'R1', 'R2', random.pick(STRINGS)]);
  const ref = `m${random.below(20)}`;
  const sound: Record<string, Json> = random.pick<Record<string, Json>>([
    { msgType: 1 },
    { msgType: 2, textData: { dataType: 1, data: { from, roomNumber } } },
    { msgType: 2, textData: { dataType: 1, data: { from, roomNumber } } },
    { msgType: 2, textData: { dataType: 2, data: { from, roomNumber } } },
    {
      msgType: 3,
      textData: { dataType: 3, data: { from, roomNumber, content: random.pick(STRINGS), id: ref } },
    },
    { msgType: 4, textData: { data: { roomNumber, id: ref } } },
    { msgType: 5, textData: { data: { roomNumber } } },
  ]);
  if (random.happens(0.2))
    sound[random.pick(['msgType', 'textData', 'extendFields', random.pick(KEYS)])] = anyJson(random);
  const body = Buffer.from(JSON.stringify(random.happens(0.05) ? anyJson(random, 4) : sound));
  return random.happens(0.15) ? mutate(body, random, 2) : body;
}

/** An `Authorization` value that is a token, or was one. */
export function anyAuthorization(random: Random, token: string): string {
  const value = `Bearer ${token}`;
  return random.happens(0.95) ? value : mutate(Buffer.from(value), random, 1).toString('latin1');
}

const PLACES = [
  '/api/v1/users',
  '/api/v1/users/me',
  '/api/v1/users/:id',
  '/api/v1/groups',
  '/api/v1/groups/:id',
  '/api/v1/groups/:id/members',
  '/api/v1/groups/:id/members/:id',
  '/api/v1/conversations/:id/messages',
  '/api/v1/login',
  '/api/v1/notifications',
  '/api/v1/notifications/:id/read',
  '/api/v1/desk/stats',
  '/api/v1/desk/sessions',
  '/api/v1/broadcasts',
  '/api/v1/nothing',
  '/',
  '/docs',
  '/docs/json',
  '/docs/static/:id',
  '/healthz',
  '/readyz',
  '/asyncapi.json',
  '/ws',
  '/ws/info',
  '/ws/:id/:id/xhr_send',
  '/ws/im',
  '/ws/im/info',
  '/ws/im/websocket',
  '/ws/im/:id/:id/xhr',
  '/ws/im/:id/:id/xhr_send',
  '/ws/im/:id/:id/xhr_streaming',
  '/ws/im/:id/:id/eventsource',
  '/ws/im/:id/:id/jsonp?c=:id',
  '/ws/im/:id/:id/jsonp_send',
  '/ws/im/:id/:id/htmlfile?c=:id',
  '/ws/im/:id/:id/websocket',
  '/ws/im/iframe:id.html',
  '/ws/chat',
  '/ws/chat/info',
  '/ws/chat/:id/:id/xhr',
  '/ws/agent/:id/:id/xhr_send',
  '/ws/agent/:id/:id/eventsource',
  '/Mimi/client',
  '/Mimi/socketServer/info',
  '/socketServer/:id/:id/xhr',
];
const QUERIES = ['limit', 'before', 'after', 'from', 'to', 'state', 'skill', 'token', 'srect', 'c', 'x'];

/** A request target of visible ASCII, as an HTTP client can send it. */
export function anyTarget(random: Random): string {
  const known = random.happens(0.6);
  const id = () => (known ? random.pick([...ATTACKERS, GROUP]) : escapeSome(random));
  const path = random.pick(PLACES).replaceAll(':id', id);
  const query = random.some(known ? 1 : 3, () => `${random.pick(QUERIES)}=${escapeSome(random)}`).join('&');
  const target = query === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`;
  const mutated = random.happens(known ? 0 : 0.4)
    ? mutate(Buffer.from(target), random, 2).toString('latin1')
    : target;
  return mutated.replace(/[^\x21-\x7e]/g, '%zz').slice(0, 8000) || '/';
}

function escapeSome(random: Random): string {
  const value = String(random.happens(0.3) ? random.pick(NUMBERS) : random.pick(STRINGS)).slice(0, 200);
  return random.happens(0.8)
    ? encodeURIComponent(value.toWellFormed())
    : value.replace(/[^\x21-\x7e]/g, '%ff');
}

export const METHODS = [
  ...Array<string[]>(4).fill(['GET', 'POST', 'POST', 'PATCH', 'DELETE']).flat(),
  'PUT',
  'OPTIONS',
  'HEAD',
  'TRACE',
];

/** A body of one of the endpoints, mostly right. */
function anyRequest(random: Random): Json {
  const id = () => random.pick([...ATTACKERS, GROUP, `made${random.below(1000)}`]);
  const members = () =>
    random.some(3, () => ({ userId: id(), role: random.pick(['owner', 'admin', 'member']) }));
  const sound: Record<string, Json> = random.pick([
    { id: id(), username: id(), nickname: id() },
    { nickname: id(), avatar: id() },
    { id: id(), name: id(), members: members() },
    { name: id() },
    { userId: id() },
    { members: members() },
    { role: 'admin' },
    { topic: id(), body: id(), encoding: random.pick(['utf8', 'base64']), headers: { [id()]: id() } },
    { username: 'admin', password: 'admin' },
  ]);
  if (random.happens(0.3)) sound[random.pick(KEYS)] = anyJson(random);
  return random.happens(0.1) ? anyJson(random, 4) : sound;
}

export function anyHttpBody(random: Random): Buffer {
  const body = Buffer.from(JSON.stringify(anyRequest(random)));
  return random.happens(0.3) ? mutate(body, random) : body;
}

/** A body of `xhr_send`: a SockJS array of what a stream's pieces are, or not quite. */
export function anySockJsBody(random: Random, stream: Buffer): Buffer {
  const body = Buffer.from(JSON.stringify(random.slices(stream, 4).map((piece) => piece.toString())));
  return random.happens(0.3) ? mutate(body, random, 2) : body;
}
