import { StartError } from '../../config/start-error.ts';
import type { PostgresAddress } from '../../config/store-url.ts';
import { isTlsFault, withoutAdvice } from '../../config/tls-fault.ts';
import { NotYet, unusableWithin, type WaitOptions, waitAtStart } from '../../start-wait.ts';
import { Connection, type OnLost } from './connect.ts';
import { isSocketError, reasonOf, sqlStateOf } from './errors.ts';
import { isPooled, requireOwnSession } from './pooler.ts';
import { requireUsableServer, UnusableServer } from './server-check.ts';
import type { SessionSettings } from './session.ts';

export interface StartOptions extends WaitOptions {
  readonly address: PostgresAddress;
  readonly session: SessionSettings;
  /** Told what the operator should know of the server. */
  warn(text: string): void;
  readonly onLost?: OnLost;
}

/**
 * Opens the first connection and looks whether a store can live there. What only the operator can mend is a `StartError` at
 * once; a server that is not there yet, is starting up or has no room is tried again until `timeout`.
 */
export function openAtStart(options: StartOptions): Promise<Connection> {
  const { address, timeout } = options;
  return waitAtStart({
    ...options,
    attempt: (left) => tryToOpen(options, left),
    gaveUp: (last) => gaveUp(address, timeout, last),
    release: (connection) => connection.close(),
  });
}

async function tryToOpen(options: StartOptions, left: number): Promise<Connection | NotYet> {
  const { address, session, timeout, onLost, warn } = options;
  // The last try must not outlast the wait by much.
  const connectTimeout =
    timeout === 0 ? address.connectTimeout : Math.min(address.connectTimeout, Math.max(left, 1000));
  let connection: Connection | undefined;
  try {
    connection = await Connection.open({ ...address, connectTimeout }, session, onLost);
    const { server, warnings } = await requireUsableServer(connection);
    if (isPooled(server.pid, connection)) {
      await requireOwnSession(connection, () => Connection.open(address, session));
    }
    for (const warning of warnings) warn(warning);
    return connection;
  } catch (error) {
    await connection?.close();
    return new NotYet(notYet(error, address), error);
  }
}

/** Why to try again. Throws a `StartError` for what will not pass, and what no server and no system said as it is. */
function notYet(error: unknown, address: PostgresAddress): string {
  if (error instanceof StartError) throw error;
  if (error instanceof UnusableServer) {
    if (error.mayPass) return `it ${error.message}`;
    throw refusal(address, error.message, error);
  }
  const fault = faultOf(error, address);
  if (fault !== undefined) throw refusal(address, fault, error);
  if (sqlStateOf(error) === undefined && !isSocketError(error)) throw error;
  return reasonOf(error);
}

/** Why a server can't be used, in one line without secrets. Throws what no server and no system said as it is. */
export function whyUnusable(error: unknown, address: PostgresAddress): string {
  try {
    return refusal(address, `can't be used: ${notYet(error, address)}`, error).message;
  } catch (reason) {
    if (reason instanceof StartError) return reason.message;
    throw reason;
  }
}

/** SQLSTATEs of what passes, by their beginnings: no connection, no room, starting or stopping, closed for maintenance. */
const PASSING = ['08', '53', '55000', '57P', '58'];

/** What the operator has to mend, in words that follow the server's name; undefined for everything else. */
function faultOf(error: unknown, address: PostgresAddress): string | undefined {
  const { message = '', code = '' } = error as NodeJS.ErrnoException;
  const state = sqlStateOf(error);
  if (state !== undefined) return stateFault(state, reasonOf(error), address);
  if (message.startsWith('SASL:')) {
    return address.password === undefined
      ? `asks for a password, and the URL in HAINA_STORE has none`
      : `can't agree on a password with haina: ${message}`;
  }
  if (message === 'The server does not support SSL connections') {
    return `has no TLS, which sslmode=${address.sslMode} asks for`;
  }
  if (code === 'EACCES') return `can't be reached: this user may not open its socket`;
  return isTlsFault(code) ? `has no TLS that haina trusts: ${tlsReason(error as Error, address)}` : undefined;
}

function stateFault(state: string, reason: string, { user, database }: PostgresAddress): string | undefined {
  if (PASSING.some((beginning) => state.startsWith(beginning))) return undefined;
  if (state === '3D000') return `has no database "${database}"; make it with CREATE DATABASE`;
  if (state.startsWith('28')) return `does not let "${user}" in: ${reason}`;
  return `can't be used by haina: ${reason}`;
}

function tlsReason(error: Error, { sslMode, sslRootCert }: PostgresAddress): string {
  const root = sslRootCert === undefined ? 'the well-known authorities' : `sslrootcert=${sslRootCert}`;
  const reason = withoutAdvice(reasonOf(error));
  return `${reason}, by sslmode=${sslMode} and ${root}`;
}

function refusal(address: PostgresAddress, fault: string, cause: unknown): StartError {
  return new StartError(`PostgreSQL at ${placeOf(address)} ${fault}`, { cause });
}

function gaveUp(address: PostgresAddress, timeout: number, last: NotYet): StartError {
  return refusal(address, unusableWithin(timeout, last), last.error);
}

/** Where it is, without user and password. */
export function placeOf({ host, port }: PostgresAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
