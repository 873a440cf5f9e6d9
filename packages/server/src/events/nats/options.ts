import { readFileSync } from 'node:fs';
import { credsAuthenticator, type NodeConnectionOptions } from '@nats-io/transport-node';
import { StartError } from '../../config/start-error.ts';

/** Where NATS is and what we are called there. */
export interface NatsOptions {
  /** `nats://host:port` or `tls://host:port`, with a name and password or without. */
  readonly urls: readonly string[];
  readonly token?: string;
  readonly user?: string;
  readonly password?: string;
  /** File with a JWT and its seed, as `nsc` writes it. */
  readonly credsFile?: string;
  /** The stream to make where none has the subjects. */
  readonly stream: string;
  /** Name of the durable consumers; the nodes of a deployment share it, so that each event is taken by one of them. */
  readonly consumer: string;
  /** Before the subject of what can't be understood. */
  readonly deadLetter: string;
}

const CONNECT_TIMEOUT = 5000;
const PING_INTERVAL = 20_000;

/** Throws a StartError for an address, a name or password in it, or a file of credentials that can't be used. */
export function connectionOptions(options: NatsOptions): NodeConnectionOptions {
  const { urls, token, credsFile } = options;
  const parsed = urls.map(parseUrl);
  const named = parsed.find(({ username }) => username !== '');
  const user = options.user ?? (named && decoded(named.username));
  const pass = options.password ?? (named && decoded(named.password));
  return {
    servers: parsed.map(({ host }) => host),
    name: 'haina',
    timeout: CONNECT_TIMEOUT,
    pingInterval: PING_INTERVAL,
    // Whoever connects also looks after stream and consumers, which a server that comes back may have lost.
    reconnect: false,
    ...(parsed.some(({ protocol }) => protocol === 'tls:') ? { tls: {} } : {}),
    ...(token === undefined ? {} : { token }),
    ...(user === undefined ? {} : { user }),
    ...(pass === undefined ? {} : { pass }),
    ...(credsFile === undefined ? {} : { authenticator: credsAuthenticator(readCredentials(credsFile)) }),
  };
}

function readCredentials(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new StartError(`can't read natsCredsFile: ${(cause as Error).message}`, { cause });
  }
}

/** The error of `URL` would show the password. */
function parseUrl(url: string): URL {
  const parsed = URL.parse(url);
  if (parsed) return parsed;
  throw new StartError('natsUrl holds what is no URL');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new StartError(
      'a name or password in natsUrl has a % that is not followed by the code of a character; write %25',
    );
  }
}
