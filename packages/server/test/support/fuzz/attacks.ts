import { type EventEmitter, once } from 'node:events';
import { type ClientRequest, type OutgoingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as elapse } from 'node:timers/promises';
import WebSocket from 'ws';
import { tokenOf } from '../token.ts';
import { type DeskRole, desk } from './desk-inputs.ts';
import { IM } from './im-inputs.ts';
import {
  ATTACKERS,
  anyAuthorization,
  anyHttpBody,
  anyRoomMessage,
  anySockJsBody,
  anyStream,
  anyTarget,
  type Dialect,
  METHODS,
  MIMI,
  XUQM,
} from './inputs.ts';
import { mutate, type Random } from './random.ts';

/** How long an attacker looks at what comes back before it leaves, in ms. */
const ATTENTION = 50;
/** How long one attack may take, in ms: a server that answers nobody is the healthy users' to notice. */
const PATIENCE = 5_000;

/** Where to attack, and what to be remembered by. */
export interface Target {
  readonly url: string;
  readonly random: Random;
  /** Keeps what is about to be sent, for the report of a failure. */
  record(what: string, input: Buffer | string): void;
}

export type Attack = (target: Target) => Promise<void>;

const userToken = (random: Random): string => tokenOf(random.pick(ATTACKERS));
/** A token of the role that the dialect is for, mostly. */
const tokenFor = (random: Random, { role = 'user' }: Dialect): string =>
  tokenOf(random.pick(ATTACKERS), { role: random.happens(0.97) ? role : random.pick(['user', 'agent']) });
/** An admin's token for another tenant than the healthy users': what it deletes there is its own. */
const anyToken = (random: Random): string =>
  random.happens(0.5) ? userToken(random) : tokenOf('admin', { app: 'battlefield', role: 'admin' });

const DOORS: readonly (readonly [path: string, dialect: Dialect])[] = [
  ['/ws/im', XUQM],
  ['/ws/im', XUQM],
  ['/ws/im', XUQM],
  ['/ws/im/websocket', XUQM],
  ['/ws', IM],
  ['/ws', IM],
  ['/ws/websocket', IM],
  ['/Mimi/client', MIMI],
  ['/socketServer/websocket', MIMI],
];

/** Base URLs of SockJS. */
const SOCKJS_DOORS: readonly (readonly [path: string, dialect: Dialect])[] = [
  ['/ws/im', XUQM],
  ['/ws', IM],
  ['/ws/chat', desk('user')],
  ['/ws/agent', desk('agent')],
];

const DESK_ROLES: readonly DeskRole[] = ['user', 'user', 'agent', 'agent', 'admin'];

/** At any dialect's door. */
async function overWebSocket(target: Target): Promise<void> {
  const [path, dialect] = target.random.pick(DOORS);
  await overStream(target, path, dialect);
}

/** A customer or an agent who knows which service sessions there are. */
async function overDesk(target: Target): Promise<void> {
  const dialect = desk(target.random.pick(DESK_ROLES), await serviceSessions(target));
  await overStream(target, dialect.role === 'user' ? '/ws/chat' : '/ws/agent', dialect);
}

async function serviceSessions({ url }: Target): Promise<string[]> {
  const authorization = `Bearer ${tokenOf('admin', { role: 'admin' })}`;
  const answer = await fetch(`${url}/api/v1/desk/sessions?limit=20`, { headers: { authorization } });
  const { sessions } = (await answer.json()) as { sessions: readonly { id: string }[] };
  return sessions.map(({ id }) => id);
}

/** A stream of STOMP frames, or nearly, cut into WebSocket messages anywhere. */
async function overStream({ url, random, record }: Target, path: string, dialect: Dialect): Promise<void> {
  const socket = new WebSocket(
    url.replace('http', 'ws') + path,
    random.pick([['v12.stomp'], ['x', 'v10.stomp'], []]),
  );
  if (!(await opened(socket))) return;
  const stream = anyStream(random, tokenFor(random, dialect), dialect);
  record('WebSocket', stream);
  for (const piece of random.slices(stream, 5)) socket.send(piece, { binary: random.happens(0.7) });
  await leave(socket, random);
}

/** The same in SockJS's arrays, or nearly. */
async function overSockJsWebSocket({ url, random, record }: Target): Promise<void> {
  const [path, dialect] = random.pick(SOCKJS_DOORS);
  const socket = new WebSocket(`${url.replace('http', 'ws')}${path}/000/any/websocket`);
  if (!(await opened(socket))) return;
  const body = anySockJsBody(random, anyStream(random, tokenFor(random, dialect), dialect));
  record('SockJS WebSocket', body);
  socket.send(body, { binary: random.happens(0.1) });
  await leave(socket, random);
}

/** A guest or a user in rooms, or nearly. */
async function overRoom({ url, random, record }: Target): Promise<void> {
  const me = random.happens(0.5) ? random.pick(ATTACKERS) : `visitor${random.below(5)}`;
  const query = new URLSearchParams(random.happens(0.5) ? { token: tokenOf(me) } : {});
  if (random.happens(0.1)) query.set('enc', 'A256GCM');
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/room?${query}`);
  if (!(await opened(socket))) return;
  for (const message of random.some(15, () => anyRoomMessage(random, me))) {
    record('room', message);
    socket.send(message, { binary: random.happens(0.05) });
  }
  await leave(socket, random);
}

async function opened(socket: WebSocket): Promise<boolean> {
  socket.on('error', () => {});
  const isOpen = once(socket, 'open').then(
    () => true,
    () => false,
  );
  return Promise.race([isOpen, endOf(socket).then(() => false)]);
}

/** The end of a connection, whatever it was; `once` would take an error on the way for a failure. */
function endOf(connection: EventEmitter): Promise<void> {
  return new Promise((resolve) => connection.once('close', () => resolve()));
}

async function leave(socket: WebSocket, random: Random): Promise<void> {
  const closed = endOf(socket);
  await Promise.race([closed, elapse(random.below(ATTENTION))]);
  if (random.happens(0.5)) socket.close();
  else socket.terminate();
  await Promise.race([closed, elapse(PATIENCE, undefined, { ref: false })]);
  socket.terminate();
}

/** A session by xhr polling: its requests in order, but with anything in them. */
async function overXhr(target: Target): Promise<void> {
  const { random, record } = target;
  const [path, dialect] = random.pick(SOCKJS_DOORS);
  const session = `${path}/000/${random.below(2 ** 32)}`;
  const poll = random.pick(['xhr', 'xhr', 'xhr_streaming', 'jsonp?c=f', 'eventsource', 'htmlfile?c=f']);
  const method = poll.startsWith('xhr') ? 'POST' : 'GET';
  await exchange(target, method, `${session}/${poll}`);
  for (const piece of random.slices(anyStream(random, tokenFor(random, dialect), dialect), 3)) {
    const body = anySockJsBody(random, piece);
    record(`${session}/xhr_send`, body);
    const sending = exchange(target, 'POST', `${session}/xhr_send`, body);
    if (random.happens(0.8)) await sending;
    await Promise.all([sending, exchange(target, method, `${session}/${poll}`)]);
  }
}

/** One request, to any place, with anything. */
async function overHttp(target: Target): Promise<void> {
  const { random, record } = target;
  const path = anyTarget(random);
  const method = random.pick(METHODS);
  const body = random.happens(0.6) ? anyHttpBody(random) : undefined;
  const type = random.happens(0.9)
    ? 'application/json'
    : random.pick(['text/plain', 'x', 'multipart/form-data']);
  record(`${method} ${path} ${type}`, body ?? '');
  await exchange(target, method, path, body, {
    authorization: anyAuthorization(random, anyToken(random)).replace(/[^\x20-\x7e]/g, '?'),
    ...(body ? { 'content-type': type } : {}),
    ...(random.happens(0.1) ? { origin: random.pick(['null', 'http://evil.example', 'x']) } : {}),
  });
}

/** Reads an answer for a moment; some never end. */
async function exchange(
  { url, random }: Target,
  method: string,
  path: string,
  body?: Buffer,
  headers: OutgoingHttpHeaders = {},
): Promise<void> {
  const { hostname, port } = new URL(url);
  const length = body ? { 'content-length': body.length } : {};
  const asked = request({ hostname, port, method, path, headers: { ...headers, ...length }, agent: false });
  const answered = answerOf(asked);
  asked.end(body);
  // A poll is answered when there is something to tell; one in ten waits that long.
  await Promise.race([answered, elapse(random.happens(0.1) ? PATIENCE / 10 : random.below(ATTENTION))]);
  await Promise.race([endOf(asked), elapse(random.below(ATTENTION))]);
  asked.destroy();
}

function answerOf(asked: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    asked.on('error', () => resolve());
    asked.on('close', () => resolve());
    asked.on('upgrade', (_response, socket) => socket.destroy());
    asked.on('response', (response) => {
      response.on('error', () => {});
      response.resume();
      resolve();
    });
  });
}

const UPGRADE = 'GET /ws/im HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
const KEY = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';

/** An upgrade, or nearly, and WebSocket frames that are none. */
async function overBrokenWebSocket({ url, random, record }: Target): Promise<void> {
  const head = Buffer.from(`${UPGRADE}${KEY}\r\n`);
  const frames = random.some(6, () => anyWebSocketFrame(random));
  const input = Buffer.concat([random.happens(0.7) ? head : mutate(head, random, 2), ...frames]);
  record('TCP, WebSocket frames', input);
  await throwAt(url, input, random);
}

function anyWebSocketFrame(random: Random): Buffer {
  const payload = random.happens(0.5) ? random.bytes(random.below(130)) : Buffer.from('SEND\n\n\0');
  const opcode = random.pick([0, 1, 1, 2, 8, 9, 10, 3, 15]);
  const length = random.happens(0.8) ? Math.min(payload.length, 125) : random.below(128);
  const first = opcode | (random.happens(0.8) ? 0x80 : 0) | (random.happens(0.05) ? 0x40 : 0);
  const masked = random.happens(0.9);
  const mask = masked ? [0, 0, 0, 0] : [];
  return Buffer.concat([Buffer.from([first, length | (masked ? 0x80 : 0), ...mask]), payload]);
}

/** No HTTP, or nearly. */
async function overTcp({ url, random, record }: Target): Promise<void> {
  const sound = `${random.pick(METHODS)} ${anyTarget(random)} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}`;
  const input = random.happens(0.3)
    ? random.bytes(random.below(2000))
    : mutate(Buffer.from(sound.repeat(3)), random);
  record('TCP', input);
  await throwAt(url, input, random);
}

async function throwAt(url: string, input: Buffer, random: Random): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.resume();
  const closed = endOf(socket);
  for (const piece of random.slices(input, 4)) socket.write(piece);
  const goodbye = random.pick(['none', 'half-close', 'reset']);
  if (goodbye === 'half-close') socket.end();
  await Promise.race([closed, elapse(random.below(ATTENTION))]);
  // A reset after a half-close would leave a request behind that keeps this process from ever ending.
  if (goodbye === 'reset') socket.resetAndDestroy();
  else socket.destroy();
  await closed;
}

/** Every way to misbehave, the more fruitful ones more often. */
export const ATTACKS: readonly Attack[] = [
  overWebSocket,
  overWebSocket,
  overWebSocket,
  overDesk,
  overDesk,
  overRoom,
  overRoom,
  overSockJsWebSocket,
  overXhr,
  overXhr,
  overHttp,
  overHttp,
  overHttp,
  overBrokenWebSocket,
  overTcp,
];
