import {
  connect,
  credsAuthenticator,
  errors,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import { parseNatsUrls, readNatsCredentials } from '../../config/nats-access.ts';
import { StartError } from '../../config/start-error.ts';
import { isTlsFault, withoutAdvice } from '../../config/tls-fault.ts';
import { NotYet, unusableWithin } from '../../start-wait.ts';
import { greeted, NotNats } from './greeting.ts';

/** Of each try, in ms. */
const CONNECT_TIMEOUT = 5000;
/** A server that is silent for four of them is gone, whatever the socket says. In ms. */
const PING_INTERVAL = 1000;
const MAX_PINGS = 3;

export interface NatsBusAccess {
  /** As the setting `bus` has them. */
  readonly urls: readonly string[];
  readonly credsFile?: string | undefined;
}

/** Connects with one of the servers, whichever answers. Rejects with a StartError for what can't be used of the settings. */
export async function connectBus(access: NatsBusAccess, name: string): Promise<NatsConnection> {
  const options = connectionOptions(access, name);
  let failure: unknown;
  for (const server of inAnyOrder(options.servers as string[])) {
    try {
      await greeted(server, CONNECT_TIMEOUT);
      return await connect({ ...options, servers: [server] });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Nodes that connect at once are to spread over the servers. */
function inAnyOrder(servers: readonly string[]): readonly string[] {
  const first = Math.floor(Math.random() * servers.length);
  return [...servers.slice(first), ...servers.slice(0, first)];
}

function connectionOptions({ urls, credsFile }: NatsBusAccess, name: string): NodeConnectionOptions {
  const { servers, user, password: pass, needsTls } = parseNatsUrls(urls, 'bus');
  return {
    servers: [...servers],
    name,
    timeout: CONNECT_TIMEOUT,
    pingInterval: PING_INTERVAL,
    maxPingOut: MAX_PINGS,
    // The library keeps what is published meanwhile, without a bound.
    reconnect: false,
    noEcho: true,
    ...(needsTls ? { tls: {} } : {}),
    ...(user === undefined ? {} : { user }),
    ...(pass === undefined ? {} : { pass }),
    ...(credsFile === undefined
      ? {}
      : { authenticator: credsAuthenticator(readNatsCredentials(credsFile, 'busCredsFile')) }),
  };
}

/** Why a failed try may pass another time. Throws a StartError for what only the operator can mend. */
export function notYet(error: unknown, { urls }: NatsBusAccess): NotYet {
  if (error instanceof StartError) throw error;
  const { message = '', code = '' } = error as NodeJS.ErrnoException;
  const reason = (message || code || String(error)).replace(/\s+/g, ' ');
  const fault = faultOf(error, reason, code);
  if (fault !== undefined) throw refusal(urls, fault, error);
  return new NotYet(reason, error);
}

/** What the operator has to mend, in words that follow the servers' names. */
function faultOf(error: unknown, reason: string, code: string): string | undefined {
  if (error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError) {
    return `does not let haina in: ${reason}`;
  }
  if (isTlsFault(code)) return `has no TLS that haina trusts: ${withoutAdvice(reason)} (${code})`;
  if (reason.includes("does not support 'tls'")) return 'has no TLS, which tls:// asks for';
  return error instanceof NotNats ? 'is no NATS server' : undefined;
}

export function gaveUp({ urls }: NatsBusAccess, timeout: number, last: NotYet): StartError {
  return refusal(urls, unusableWithin(timeout, last), last.error);
}

/** @param fault in words that follow the servers' names */
export function refusal(urls: readonly string[], fault: string, cause?: unknown): StartError {
  const hosts = parseNatsUrls(urls, 'bus').servers.join(', ');
  return new StartError(`the NATS of the bus at ${hosts} ${fault}`, { cause });
}
