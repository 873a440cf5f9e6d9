import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createClient } from '@redis/client';
import type { RedisAddress } from '../config/redis-url.ts';
import { StartError } from '../config/start-error.ts';

/** Commands under way at most; what comes beyond is refused. */
const MAX_UNDER_WAY = 20_000;

/** A Lua script with what tells it from others. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** Makes a script of its text. */
export function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

export interface SessionOptions {
  readonly address: RedisAddress;
  /** Shown by `CLIENT LIST`. */
  readonly name: string;
  /** Of the keys that it may write. */
  readonly prefix: string;
  /** How long connecting, and each answer, may take, in ms. */
  readonly answerTimeout: number;
}

type Client = ReturnType<typeof makeClient>;

/** One connection to Redis. It is over with the first thing that goes wrong with it, and never comes back. */
export class RedisSession {
  readonly #client: Client;
  readonly #answerTimeout: number;
  readonly #isTls: boolean;
  readonly #over = Promise.withResolvers<Error>();
  #isOver = false;

  private constructor({ address, name, answerTimeout }: SessionOptions) {
    this.#client = makeClient(address, name, answerTimeout);
    this.#answerTimeout = answerTimeout;
    this.#isTls = address.isTls;
    this.#client.on('error', (error: Error) => this.end(error));
  }

  /** Connects and logs in. Rejects with what Redis, TLS or the system said: see `faults.ts`. */
  static async open(options: SessionOptions): Promise<RedisSession> {
    const session = new RedisSession(options);
    await session.#answered(session.#client.connect());
    return session;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves with the reason once it is over. */
  get over(): Promise<Error> {
    return this.#over.promise;
  }

  /** Runs a script. Rejects with Redis's refusal, or, once the session is over, with the reason. */
  async run({ text, sha }: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const given = { keys: [...keys], arguments: [...args] };
    try {
      return await this.#answered(this.#client.evalSha(sha, given));
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return this.#answered(this.#client.eval(text, given));
    }
  }

  /** Sends one command. Rejects as `run` does. */
  command(...args: readonly string[]): Promise<unknown> {
    return this.#answered(this.#client.sendCommand([...args]));
  }

  /** Ends it; what waits for an answer rejects. */
  end(reason: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#over.resolve(reason);
    this.#client.destroy();
  }

  /** A server that does not answer is gone, whatever the socket says. */
  async #answered<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const timer = setTimeout(() => this.end(noAnswer(this.#isTls)), this.#answerTimeout);
    try {
      return await Promise.race([answer, this.over.then((reason) => Promise.reject(reason))]);
    } catch (error) {
      // What the client says of an end is not why it came.
      throw this.#isOver ? await this.over : error;
    } finally {
      clearTimeout(timer);
      answer.catch(() => {});
    }
  }
}

function makeClient(address: RedisAddress, name: string, connectTimeout: number) {
  const { host, port, user, password, database } = address;
  return createClient({
    socket: { host, port, connectTimeout, reconnectStrategy: false, ...tlsOptions(address) },
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    database,
    name,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandsQueueMaxLength: MAX_UNDER_WAY,
  });
}

function tlsOptions({ isTls, host, caFile, certFile, keyFile }: RedisAddress) {
  if (!isTls) return {};
  return {
    tls: true as const,
    // Only names go into the handshake; an address in the certificate is checked all the same.
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    ...(caFile === undefined ? {} : { ca: readPem('cacert', caFile) }),
    ...(certFile === undefined ? {} : { cert: readPem('cert', certFile) }),
    ...(keyFile === undefined ? {} : { key: readPem('key', keyFile) }),
  };
}

/** Read for each connection, so that renewed files count at the next one. */
function readPem(parameter: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new StartError(`can't read ${file}, the ${parameter} of HAINA_REDIS_URL: ${code}`, { cause });
  }
}

function noAnswer(isTls: boolean): Error {
  // A server without TLS waits for the rest of what it takes for a command.
  const what = isTls ? 'it does not answer, or has no TLS' : 'it does not answer';
  return Object.assign(new Error(what), { code: 'ETIMEDOUT' });
}
