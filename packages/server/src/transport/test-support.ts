import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http, { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { after } from 'node:test';
import { WebSocket } from 'ws';
import { createEchoServices } from './echo-services.ts';
import {
  Batch,
  type CloseCause,
  type Connection,
  type ConnectionAcceptor,
  isWebSocketUpgrade,
  type MountOptions,
  Payload,
  type TransportOptions,
  TransportServer,
} from './index.ts';

export interface Running {
  readonly port: number;
  readonly http: string;
  readonly ws: string;
  readonly transports: TransportServer;
  readonly server: http.Server;
}

/** What arrives from elsewhere, to be awaited in its order. */
export class Inbox<Item> {
  readonly #items: Item[] = [];
  readonly #waiting: ((item: Item) => void)[] = [];

  put(item: Item): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#items.push(item);
    else next(item);
  }

  next(): Promise<Item> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** How many have arrived that nobody asked for yet. */
  get size(): number {
    return this.#items.length;
  }
}

/** One server-side connection and what its handler was told. */
export class Recorded {
  readonly connection: Connection;
  readonly messages = new Inbox<{ readonly data: string | Buffer; readonly binary: boolean }>();
  readonly closes = new Inbox<CloseCause>();

  constructor(connection: Connection) {
    this.connection = connection;
  }

  async nextText(): Promise<string> {
    const { data, binary } = await this.messages.next();
    assert.equal(binary, false);
    return data.toString();
  }

  write(...texts: string[]): void {
    for (const text of texts) this.connection.write(Batch.of(Payload.text(text)));
  }
}

/** Accepts connections and records what happens to them. */
export class Recorder {
  readonly connections = new Inbox<Recorded>();

  readonly accept: ConnectionAcceptor = (connection) => {
    const recorded = new Recorded(connection);
    this.connections.put(recorded);
    return {
      onMessage: (data, binary) => recorded.messages.put({ data, binary }),
      onClose: (cause) => recorded.closes.put(cause),
    };
  };

  next(): Promise<Recorded> {
    return this.connections.next();
  }
}

/** Serves a recorder at `/im`, SockJS included, for the time of one test. */
export async function serveRecorder(
  scope: Scope,
  options: TransportOptions = {},
  mount: MountOptions = {},
): Promise<Running & { readonly recorder: Recorder }> {
  const recorder = new Recorder();
  const transports = new TransportServer({ closeTimeout: 200, ...options });
  transports.mount('/im', recorder.accept, { sockJs: true, ...mount });
  return { ...(await serve(transports, scope)), recorder };
}

/** Whose end ends a server: a test, or by default the whole file. */
export interface Scope {
  after(stop: () => Promise<void>): void;
}

/** Serves transports on a port of the system's choice. */
export async function serve(transports: TransportServer, scope: Scope = { after }): Promise<Running> {
  const server = http.createServer({ shouldUpgradeCallback: isWebSocketUpgrade });
  transports.attach(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  scope.after(async () => {
    server.close();
    await transports.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { port, http: `http://127.0.0.1:${port}`, ws: `ws://127.0.0.1:${port}`, transports, server };
}

/** Serves the echo services that sockjs-protocol's tests are about. */
export function serveEcho(options: TransportOptions = {}, scope?: Scope): Promise<Running> {
  return serve(createEchoServices({ closeTimeout: 1000, ...options }), scope);
}

/** A path of a session that nobody has used. */
export const newSession = (): string => `/000/${randomUUID()}`;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface RequestOptions {
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

const connect = async (
  method: string,
  url: string,
  { headers = {}, body }: RequestOptions,
): Promise<IncomingMessage> => {
  const request = http.request(url, { method, headers, agent: false });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
};

/** Makes one request and reads the whole answer. */
export async function ask(method: string, url: string, options: RequestOptions = {}): Promise<Answer> {
  const response = await connect(method, url, options);
  const chunks = await Array.fromAsync(response as AsyncIterable<Buffer>);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks).toString(),
  };
}

export const get = (url: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> =>
  ask('GET', url, { headers });

export const post = (url: string, body = '', headers: OutgoingHttpHeaders = {}): Promise<Answer> =>
  ask('POST', url, { body, headers });

/** sockjs-protocol 1.0, `verify_not_cached`. */
export const assertNotCached = ({ headers }: Pick<Answer, 'headers'>): void => {
  assert.equal(headers['cache-control'], 'no-store, no-cache, no-transform, must-revalidate, max-age=0');
  assert.equal(headers.expires, undefined);
  assert.equal(headers['last-modified'], undefined);
};

/** The content type without optional white space. */
export const typeOf = ({ headers }: Pick<Answer, 'headers'>): string | undefined =>
  headers['content-type']?.replaceAll(' ', '');

/** A response that is read bit by bit. */
export class Stream {
  readonly #response: IncomingMessage;
  #text = '';
  #ended = false;
  #wake: () => void = () => {};

  private constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      this.#text += chunk;
      this.#wake();
    });
    for (const event of ['end', 'error', 'close']) {
      response.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
    }
  }

  static async open(method: string, url: string, options: RequestOptions = {}): Promise<Stream> {
    return new Stream(await connect(method, url, options));
  }

  get status(): number {
    return this.#response.statusCode ?? 0;
  }

  get headers(): IncomingHttpHeaders {
    return this.#response.headers;
  }

  /** The next `length` characters, or fewer if the response ends before. */
  async read(length: number): Promise<string> {
    while (this.#text.length < length && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const text = this.#text.slice(0, length);
    this.#text = this.#text.slice(length);
    return text;
  }

  /** Reads as much as is expected and compares. */
  async expect(expected: string): Promise<void> {
    assert.equal(await this.read(expected.length), expected);
  }

  /** Waits for the end, and that nothing comes before it. */
  async expectEnd(): Promise<void> {
    assert.equal(await this.read(Number.POSITIVE_INFINITY), '');
  }

  /** Breaks the response off, as a client that goes away does. */
  abort(): void {
    this.#response.destroy();
  }
}

/** Opens an `xhr_streaming` receiver and reads its prelude. */
export async function openXhrStream(session: string): Promise<Stream> {
  const stream = await Stream.open('POST', `${session}/xhr_streaming`);
  await stream.expect(`${'h'.repeat(2048)}\n`);
  return stream;
}

/** A WebSocket client whose messages wait to be read. */
export class WebSocketClient {
  readonly socket: WebSocket;
  readonly opened: Promise<unknown>;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #messages: { data: Buffer; binary: boolean }[] = [];
  #wake: () => void = () => {};
  #over = false;

  constructor(...parameters: ConstructorParameters<typeof WebSocket>) {
    this.socket = new WebSocket(...parameters);
    this.opened = once(this.socket, 'open');
    this.opened.catch(() => {}); // who expects a refusal looks at `closed`
    this.socket.on('error', () => {});
    this.socket.on('message', (data, binary) => {
      this.#messages.push({ data: data as Buffer, binary });
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        this.#over = true;
        this.#wake();
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  async next(): Promise<{ data: Buffer; binary: boolean }> {
    while (this.#messages.length === 0) {
      assert.ok(!this.#over, 'the connection closed instead of sending a message');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.shift() as { data: Buffer; binary: boolean };
  }

  async nextText(): Promise<string> {
    const { data, binary } = await this.next();
    assert.equal(binary, false);
    return data.toString();
  }
}

/** Sends bytes to a port and collects what comes back. */
export class RawClient {
  readonly socket: net.Socket;
  readonly closed: Promise<unknown>;
  #text = '';

  constructor(port: number) {
    this.socket = net.connect(port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk) => {
      this.#text += chunk.toString('latin1');
    });
    this.closed = once(this.socket, 'close');
  }

  /** Sends a request head of the given lines. */
  send(...lines: string[]): void {
    this.socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  }

  /** Waits until what was received ends with the text; returns all of it. */
  async until(end: string): Promise<string> {
    while (!this.#text.endsWith(end)) await once(this.socket, 'data');
    return this.take();
  }

  /** All that was received until the other side closed. */
  async rest(): Promise<string> {
    await this.closed;
    return this.take();
  }

  take(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }
}

/** Waits, by turns of the event loop, for what no event tells from outside. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `still waiting for ${condition}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
