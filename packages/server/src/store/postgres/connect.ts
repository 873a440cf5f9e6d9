import type { Duplex } from 'node:stream';
import pg from 'pg';
import type { PostgresAddress } from '../../config/store-url.ts';
import { applySession, type SessionSettings } from './session.ts';
import { tlsOptions } from './tls.ts';
import { TYPES } from './types.ts';

/** How long the system waits before it asks whether a silent server is still there, in ms. */
const KEEPALIVE_DELAY = 10_000;
/** How much later than the server itself gives a statement up this side believes that no answer will come, in ms. */
const ANSWER_SLACK = 5000;
/** How long a goodbye may take, in ms. */
const CLOSE_TIMEOUT = 1000;

/** The name of pg's error where the server has no TLS. */
const NO_TLS = 'The server does not support SSL connections';

/** Told once where a connection is gone that nobody closed, with the reason. */
export type OnLost = (reason: Error) => void;

/** One session with the server. */
export class Connection {
  readonly client: pg.Client;
  readonly #answerTimeout: number;
  readonly #onLost: OnLost;
  #state: 'open' | 'lost' | 'closed' = 'open';
  #isHeld = false;
  /** Rejects what waits for an answer, should pg not do so. */
  readonly #waiting = new Set<(reason: Error) => void>();

  private constructor(client: pg.Client, session: SessionSettings, onLost: OnLost) {
    this.client = client;
    const { statementTimeout, answerSlack = ANSWER_SLACK } = session;
    this.#answerTimeout = statementTimeout === 0 ? 0 : statementTimeout + answerSlack;
    this.#onLost = onLost;
    // The first reason is the server's own, the next one is that the socket closed.
    client.on('error', (error) => this.#lost(error));
    client.on('end', () => this.#lost(new Error('the server closed the connection')));
  }

  /** Opens one with its settings in force. Rejects with what pg, the server or the system said: see `errors.ts`. */
  static async open(
    address: PostgresAddress,
    session: SessionSettings,
    onLost: OnLost = () => {},
  ): Promise<Connection> {
    const connection = new Connection(await connect(address, session), session, onLost);
    try {
      await applySession(connection.client, session);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /**
   * Runs a statement. A server that does not answer long after it would have given up is gone, whatever the
   * socket says: the connection is destroyed then.
   */
  async query(query: pg.QueryConfig): Promise<pg.QueryResult> {
    const { promise: given, reject } = Promise.withResolvers<never>();
    const timer =
      this.#answerTimeout > 0 && setTimeout(() => this.#giveUp(reject), this.#answerTimeout).unref();
    this.#waiting.add(reject);
    try {
      return await Promise.race([this.client.query(query), given]);
    } finally {
      if (timer) clearTimeout(timer);
      this.#waiting.delete(reject);
    }
  }

  /** Keeps what is sent from now on: many statements in one write cost both sides less. */
  hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    streamOf(this.client).cork();
  }

  /** Writes what was kept. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    streamOf(this.client).uncork();
  }

  /** Ends it without a goodbye; what runs rejects with the reason. */
  destroy(reason: Error): void {
    streamOf(this.client).destroy(reason);
  }

  /** Says goodbye, and rejects what runs. */
  async close(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'closed';
    const timer = setTimeout(() => this.destroy(noAnswer()), CLOSE_TIMEOUT).unref();
    await this.client.end().catch(() => {});
    clearTimeout(timer);
  }

  /** The socket may be closed already, so that nothing more comes of it. */
  #giveUp(reject: (reason: Error) => void): void {
    const reason = noAnswer();
    this.destroy(reason);
    setImmediate(() => reject(reason));
  }

  #lost(reason: Error): void {
    if (this.#state !== 'open') return;
    this.#state = 'lost';
    this.#onLost(reason);
    // First pg rejects what it knows of, with what the server said to each.
    setImmediate(() => {
      for (const reject of this.#waiting) reject(reason);
    });
  }
}

async function connect(address: PostgresAddress, session: SessionSettings): Promise<pg.Client> {
  const tls = tlsOptions(address);
  try {
    return await connectBy(tls, address, session);
  } catch (error) {
    if (address.sslMode !== 'prefer' || (error as Error).message !== NO_TLS) throw error;
    return connectBy(false, address, session);
  }
}

async function connectBy(
  ssl: ReturnType<typeof tlsOptions>,
  { host, port, user, database, password = '', applicationName, connectTimeout }: PostgresAddress,
  { name }: SessionSettings,
): Promise<pg.Client> {
  const client = new pg.Client({
    ...{ host, port, user, database },
    // A function, as an empty one would let pg look into the environment and the user's files.
    password: () => password,
    ssl,
    types: TYPES,
    // Statements are sent without waiting for the answers to those before.
    pipeline: true,
    application_name: applicationName ?? name,
    connectionTimeoutMillis: connectTimeout,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_DELAY,
  });
  // A second error while it ends, with nobody listening, would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    // pg leaves a socket open over which both sides did not agree, until the server's patience ends.
    streamOf(client).destroy();
    throw error;
  }
}

/** The socket, with TLS over it or without. */
function streamOf(client: pg.Client): Duplex {
  return client.connection.stream;
}

function noAnswer(): Error {
  return Object.assign(new Error('the server does not answer'), { code: 'ETIMEDOUT' });
}
