import { credsAuthenticator, type NodeConnectionOptions } from '@nats-io/transport-node';
import { parseNatsUrls, readNatsCredentials } from '../../config/nats-access.ts';

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
  const access = parseNatsUrls(urls, 'natsUrl');
  const user = options.user ?? access.user;
  const pass = options.password ?? access.password;
  return {
    servers: [...access.servers],
    name: 'haina',
    timeout: CONNECT_TIMEOUT,
    pingInterval: PING_INTERVAL,
    // Whoever connects also looks after stream and consumers, which a server that comes back may have lost.
    reconnect: false,
    ...(access.needsTls ? { tls: {} } : {}),
    ...(token === undefined ? {} : { token }),
    ...(user === undefined ? {} : { user }),
    ...(pass === undefined ? {} : { pass }),
    ...(credsFile === undefined
      ? {}
      : { authenticator: credsAuthenticator(readNatsCredentials(credsFile, 'natsCredsFile')) }),
  };
}
