import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { XuqmMessage } from '@haina/wire';
import type { Config } from '../../src/config/settings.ts';
import { figureReaches } from './refusals.ts';
import { startTestServer, type TestServer } from './server.ts';
import { StompClient } from './stomp-client.ts';

const INBOX = '/user/queue/messages';
/** Time between two messages, in ms: enough of them, and time left for the test. */
const PACE = 5;

/** A server for all tests of a file, and who talks on it meanwhile. */
export interface Stage {
  readonly server: TestServer;
  /** A user of tenant `default`, connected, and subscribed to these. Closed by the server or at the end. */
  connect(userId: string, ...destinations: string[]): Promise<StompClient>;
  /** A WebSocket at the dialect's path that has said nothing yet. */
  open(query?: string): Promise<StompClient>;
}

/**
 * Starts a server on which two users talk through all tests of the file: after each, the talk must have gone on, and at
 * the end no session may be left but theirs.
 */
export function stageWithHealthyPair(settings: Partial<Config> = {}, pace = PACE): Stage {
  const clients: StompClient[] = [];
  const started = Promise.withResolvers<void>();
  let server: TestServer;
  let pair: HealthyPair;
  before(async () => {
    server = await startTestServer(settings);
    pair = await HealthyPair.start(server, pace);
    started.resolve();
  });
  afterEach(() => pair.goesOn());
  after(async () => {
    await Promise.all(clients.map((client) => client.drop()));
    await figureReaches(server.url, 'haina_queue_depth{queue="sessions"}', 2);
    await figureReaches(server.url, 'haina_connections{', 2);
    await pair.stop();
    await server.stop();
  });
  return {
    get server() {
      return server;
    },
    async connect(userId, ...destinations) {
      // Hooks at the top of a file do not wait for each other.
      await started.promise;
      const client = await StompClient.of(server.wsUrl, userId);
      clients.push(client);
      for (const destination of destinations) await client.subscribe(destination);
      return client;
    },
    async open(query = '') {
      const client = await StompClient.open(`${server.wsUrl}/ws/im${query}`);
      clients.push(client);
      return client;
    },
  };
}

interface Waiting {
  /** The message to wait for, by its number. */
  readonly until: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** Two users who talk without a break while others misbehave. What one says must reach the other once, in order. */
export class HealthyPair {
  readonly #speaker: StompClient;
  readonly #listener: StompClient;
  readonly #pace: number;
  #said = 0;
  #heard = 0;
  #ended = false;
  readonly #broken = new AbortController();
  #waiting: Waiting[] = [];
  readonly #talk: Promise<void>;

  private constructor(speaker: StompClient, listener: StompClient, pace: number) {
    this.#speaker = speaker;
    this.#listener = listener;
    this.#pace = pace;
    this.#talk = this.#keepTalking();
  }

  /** Connects both users and lets them begin. @param pace time between two messages, in ms */
  static async start({ wsUrl }: Pick<TestServer, 'wsUrl'>, pace = PACE): Promise<HealthyPair> {
    const speaker = await StompClient.of(wsUrl, 'healthy-speaker');
    const listener = await StompClient.of(wsUrl, 'healthy-listener');
    await listener.subscribe(INBOX);
    return new HealthyPair(speaker, listener, pace);
  }

  /** Aborted when the talk breaks off or goes wrong, with the reason. */
  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  /** Messages that arrived so far. */
  get heard(): number {
    return this.#heard;
  }

  /** Resolves once a message has arrived that was sent after this call. Rejects with what went wrong since the start. */
  async goesOn(): Promise<void> {
    this.broken.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ until: this.#said + 1, resolve, reject });
    });
  }

  /** Ends the talk. Rejects with what went wrong in it. */
  async stop(): Promise<void> {
    this.#ended = true;
    await this.#talk;
    await Promise.all([this.#speaker.close(), this.#listener.close()]);
    this.broken.throwIfAborted();
  }

  async #keepTalking(): Promise<void> {
    try {
      while (!this.#ended) {
        await this.#say(++this.#said);
        this.#tellWaiting();
        await pause(this.#pace);
      }
      assert.deepEqual(this.#listener.received(INBOX), [], 'nothing came that was not said');
    } catch (error) {
      this.#broken.abort(error);
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    }
  }

  async #say(number: number): Promise<void> {
    const messageId = `healthy-${number}`;
    const message = {
      messageId,
      toId: 'healthy-listener',
      chatType: 'SINGLE',
      msgType: 'TEXT',
      content: '你好',
    };
    await this.#speaker.confirmed('/app/chat.send', message);
    const { id, seq, content } = await this.#listener.nextAt<XuqmMessage>(INBOX);
    assert.deepEqual([id, seq, content], [messageId, number, '你好']);
    this.#heard = number;
  }

  #tellWaiting(): void {
    const [met, waiting] = [[] as Waiting[], [] as Waiting[]];
    for (const one of this.#waiting) (one.until <= this.#heard ? met : waiting).push(one);
    this.#waiting = waiting;
    for (const { resolve } of met) resolve();
  }
}
