import {
  CLOSE_CODES,
  type CloseName,
  encodeFrame,
  StompDecoder,
  type StompProtocolError,
  type StompVersion,
} from '@haina/wire';
import { createStompContext, type StompOptions } from '../options.ts';
import { StompSession } from '../session.ts';
import { ManualTimers } from './manual-timers.ts';
import { MemoryConnection } from './memory-connection.ts';
import { RecordingHandler } from './recording-handler.ts';

export interface ReceivedFrame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HarnessOptions extends StompOptions {
  readonly connection?: MemoryConnection;
}

/** A session between a client and a dialect that are both the test. */
export class Harness {
  readonly connection: MemoryConnection;
  readonly handler = new RecordingHandler();
  readonly timers = new ManualTimers();
  readonly session: StompSession;
  readonly transitions: string[] = [];
  readonly protocolErrors: StompProtocolError[] = [];
  readonly internalErrors: unknown[] = [];
  readonly #decoder = new StompDecoder({ sender: 'server', maxFrameBytes: 16 << 20 });
  #read = 0;

  constructor({ connection = new MemoryConnection(), events, ...options }: HarnessOptions = {}) {
    this.connection = connection;
    const context = createStompContext({
      timers: this.timers,
      ...options,
      events: {
        ...events,
        transition: (_, from, to) => this.transitions.push(`${from} → ${to}`),
        protocolError: (_, error) => this.protocolErrors.push(error),
        internalError: (_, error) => this.internalErrors.push(error),
      },
    });
    this.session = new StompSession(connection, () => this.handler, context);
    connection.attach(this.session);
  }

  /** A session that is connected already. */
  static async connected(version: StompVersion = '1.2', options: HarnessOptions = {}): Promise<Harness> {
    const harness = new Harness(options);
    await harness.connect({ 'accept-version': version });
    harness.take();
    return harness;
  }

  async connect(headers: Readonly<Record<string, string>> = { 'accept-version': '1.2' }): Promise<void> {
    this.send('CONNECT', headers);
    await settled();
  }

  send(
    command: string,
    headers: Readonly<Record<string, string>> = {},
    body: string | Uint8Array = '',
  ): void {
    this.raw(Buffer.from(encodeFrame(command, Object.entries(headers), body, this.session.version)));
  }

  raw(data: string | Buffer): void {
    this.connection.receive(data);
  }

  /** The frames the client received since the last call. */
  take(): ReceivedFrame[] {
    const frames: ReceivedFrame[] = [];
    this.#decoder.version = this.session.version;
    for (; this.#read < this.connection.written.length; this.#read += 1) {
      this.#decoder.push(this.connection.written[this.#read]?.data ?? '');
      for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next()) {
        const { command, headers, body } = frame;
        frames.push({ command, headers: Object.fromEntries(headers), body: Buffer.from(body).toString() });
      }
    }
    return frames;
  }

  /** As short as can be: commands with what identifies them. */
  takeShort(): string[] {
    return this.take().map(({ command, headers, body }) =>
      [command, headers['receipt-id'] ?? headers.message ?? body].filter((part) => part !== '').join(' '),
    );
  }

  /** By which cause the server closed the connection; `undefined` while it is open. */
  closeName(): CloseName | undefined {
    return nameOfClose(this.connection.closed?.code);
  }

  /** Heart-beats the client received so far, those between frames not yet taken left out. */
  get heartBeats(): number {
    this.take();
    return this.#decoder.heartbeats;
  }
}

function nameOfClose(code: number | undefined): CloseName | undefined {
  const names = Object.keys(CLOSE_CODES) as CloseName[];
  return names.find((name) => CLOSE_CODES[name].code === code);
}

/** Lets all promises that can settle do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Work that ends when the test says so. */
export function deferred(): PromiseWithResolvers<void> {
  return Promise.withResolvers<void>();
}
