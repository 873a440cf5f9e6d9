import { StompDecoder, type StompFrame, type StompVersion } from '@haina/wire';
import WebSocket from 'ws';
import { tokenOf } from './token.ts';

/** How long to wait for what must come, in ms. Only a test that fails waits that long. */
const PATIENCE = 10_000;

const utf8 = new TextDecoder();

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A STOMP client that sends whatever bytes it is told to, and keeps what comes until it is asked for. */
export class StompClient {
  readonly socket: WebSocket;
  readonly #decoder = new StompDecoder({ sender: 'server', maxFrameBytes: 16 * 1024 * 1024 });
  readonly #frames: StompFrame[] = [];
  readonly #wanted = new Set<() => void>();
  readonly closed: Promise<Closed>;
  #isClosed = false;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => this.#receive(data as Buffer));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.#isClosed = true;
        for (const check of [...this.#wanted]) check();
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  /** Opens the socket without sending anything. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<StompClient> {
    const client = new StompClient(new WebSocket(url, ['v12.stomp'], { headers }));
    await new Promise<void>((resolve, reject) => {
      client.socket.once('open', () => resolve());
      client.socket.once('error', reject);
    });
    return client;
  }

  /** Opens, authenticates, and waits for CONNECTED. */
  static async connect(wsUrl: string, token: string, path = '/ws/im'): Promise<StompClient> {
    const client = await StompClient.open(`${wsUrl}${path}`);
    client.send('CONNECT', { 'accept-version': '1.2', host: 'test', Authorization: `Bearer ${token}` });
    await client.next('CONNECTED');
    return client;
  }

  /** A connected client of a user in tenant `default`. */
  static of(wsUrl: string, userId: string): Promise<StompClient> {
    return StompClient.connect(wsUrl, tokenOf(userId));
  }

  /** Reads what comes from now on as frames of another version than 1.2. */
  decodeAs(version: StompVersion): void {
    this.#decoder.version = version;
  }

  raw(data: string | Buffer): void {
    this.socket.send(data);
  }

  send(command: string, headers: Record<string, string> = {}, body = ''): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
    this.raw(`${command}\n${lines.join('')}\n${body}\0`);
  }

  sendJson(destination: string, value: unknown, headers: Record<string, string> = {}): void {
    this.send('SEND', { destination, 'content-type': 'application/json', ...headers }, JSON.stringify(value));
  }

  /** Subscribes and waits for the confirmation. */
  async subscribe(destination: string, headers: Record<string, string> = {}): Promise<void> {
    const receipt = `subscribed ${destination}`;
    this.send('SUBSCRIBE', { id: destination, destination, receipt, ...headers });
    await this.nextMatching(`receipt of ${receipt}`, ({ headers: got }) => got.get('receipt-id') === receipt);
  }

  /** Sends and waits for the RECEIPT. Returns its headers. */
  async confirmed(
    destination: string,
    value: unknown,
    receipt = `r${Math.random()}`,
  ): Promise<Readonly<Record<string, string>>> {
    this.sendJson(destination, value, { receipt });
    return this.nextReceipt(receipt);
  }

  /** Waits for a RECEIPT and returns its headers but `receipt-id`. */
  async nextReceipt(receipt: string): Promise<Readonly<Record<string, string>>> {
    const { headers } = await this.nextMatching(
      `receipt ${receipt}`,
      ({ command, headers: got }) => command === 'RECEIPT' && got.get('receipt-id') === receipt,
    );
    const { 'receipt-id': _, ...others } = Object.fromEntries(headers);
    return others;
  }

  /** Takes the next frame of a command, leaving others. */
  next(command: string): Promise<StompFrame> {
    return this.nextMatching(command, (frame) => frame.command === command);
  }

  /** Takes the next MESSAGE at a destination as JSON. */
  async nextAt<T = Record<string, unknown>>(destination: string): Promise<T> {
    const frame = await this.nextMatching(
      `MESSAGE at ${destination}`,
      ({ command, headers }) => command === 'MESSAGE' && headers.get('destination') === destination,
    );
    return JSON.parse(utf8.decode(frame.body)) as T;
  }

  /** Takes the next frame that matches. Rejects when the connection ends, or nothing fits for too long. */
  nextMatching(wanted: string, matches: (frame: StompFrame) => boolean): Promise<StompFrame> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        this.#wanted.delete(check);
        clearTimeout(timer);
        reject(
          new Error(`${why} while waiting for ${wanted}; got ${this.#frames.map(describe).join(' | ')}`),
        );
      };
      const check = () => {
        const index = this.#frames.findIndex(matches);
        if (index === -1) {
          if (this.#isClosed) fail('the connection closed');
          return;
        }
        this.#wanted.delete(check);
        clearTimeout(timer);
        resolve(this.#frames.splice(index, 1)[0] as StompFrame);
      };
      const timer = setTimeout(() => fail('timed out'), PATIENCE);
      this.#wanted.add(check);
      check();
    });
  }

  /**
   * The frames that came and were not asked for, once the server has done all that it was asked before: look-ups go
   * through the store behind every message, and the second one starts after the first one's tick was fanned out.
   */
  async settled(): Promise<string[]> {
    const id = `settled-${Math.random()}`;
    this.send('SUBSCRIBE', { id, destination: '/user/queue/errors' });
    for (const messageId of [`${id}-1`, `${id}-2`]) {
      this.sendJson('/app/chat.read', { messageId });
      await this.nextMatching(
        messageId,
        ({ headers, body }) => headers.get('subscription') === id && utf8.decode(body).includes(messageId),
      );
    }
    this.send('UNSUBSCRIBE', { id });
    const others = this.#frames.filter(({ body }) => !utf8.decode(body).includes(id));
    this.#frames.splice(0, this.#frames.length, ...others);
    return others.map(describe);
  }

  /** Bodies that came at a destination and were not asked for. */
  received(destination: string): string[] {
    return this.#frames
      .filter(({ headers }) => headers.get('destination') === destination)
      .map(({ body }) => utf8.decode(body));
  }

  /** Takes what came at a destination and was not asked for. */
  takeAt<T>(destination: string): T[] {
    const isThere = ({ headers }: StompFrame) => headers.get('destination') === destination;
    const taken = this.#frames.filter(isThere);
    const others = this.#frames.filter((frame) => !isThere(frame));
    this.#frames.splice(0, this.#frames.length, ...others);
    return taken.map(({ body }) => JSON.parse(utf8.decode(body)) as T);
  }

  /** All frames that came and were not asked for. */
  rest(): string[] {
    return this.#frames.map(describe);
  }

  /** Whether such a frame came and was not asked for. */
  holds(matches: (frame: StompFrame) => boolean): boolean {
    return this.#frames.some(matches);
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  /** Ends the TCP connection without a goodbye. */
  async drop(): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }

  #receive(data: Buffer): void {
    this.#decoder.push(data);
    for (let frame = this.#decoder.next(); frame; frame = this.#decoder.next()) this.#frames.push(frame);
    for (const check of [...this.#wanted]) check();
  }
}

function describe({ command, headers, body }: StompFrame): string {
  const where = headers.get('destination') ?? headers.get('receipt-id') ?? headers.get('message') ?? '';
  return `${command} ${where} ${utf8.decode(body)}`.trim();
}
