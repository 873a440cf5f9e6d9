import { setTimeout } from 'node:timers/promises';
import { StartError } from '../../config/start-error.ts';
import type { PostgresAddress } from '../../config/store-url.ts';
import { Connection, type OnLost } from './connect.ts';
import { isSocketError, reasonOf, sqlStateOf } from './errors.ts';
import { isPooled, requireOwnSession } from './pooler.ts';
import { requireUsableServer, UnusableServer } from './server-check.ts';
import type { SessionSettings } from './session.ts';

export interface StartOptions {
  readonly address: PostgresAddress;
  readonly session: SessionSettings;
  /** How long a server is waited for that is not there yet, in ms; 0: one try. */
  readonly timeout: number;
  /** Told at the first failed try, and every few seconds of further ones. */
  waiting(reason: string): void;
  /** Told what the operator should know of the server. */
  warn(text: string): void;
  readonly onLost?: OnLost;
  /** Ends the wait: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Waits for a time in ms. */
  readonly sleep?: (ms: number, value: undefined, options: { signal?: AbortSignal }) => Promise<void>;
}

const FIRST_PAUSE = 100;
const MAX_PAUSE = 2000;
/** From one word about the wait to the next, in ms. */
const WORD_INTERVAL = 5000;

/**
 * Opens the first connection and looks whether a store can live there. What only the operator can mend is a `StartError` at
 * once; a server that is not there yet, is starting up or has no room is tried again until `timeout`.
 */
export async function openAtStart(options: StartOptions): Promise<Connection> {
  const { address, timeout, signal, sleep = setTimeout } = options;
  const begun = performance.now();
  let spoken = Number.NEGATIVE_INFINITY;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, MAX_PAUSE)) {
    const left = timeout - (performance.now() - begun);
    const opened = await unlessEnded(tryToOpen(options, left), signal);
    if (opened instanceof Connection) return opened;
    if (performance.now() - begun + pause >= timeout) throw gaveUp(address, timeout, opened);
    if (performance.now() - spoken >= WORD_INTERVAL) {
      spoken = performance.now();
      options.waiting(opened.reason);
    }
    await unlessEnded(sleep(pause, undefined, signal ? { signal } : {}), signal);
  }
}

/** Rejects with the signal's reason once there is one. What a try opens after that is closed. */
async function unlessEnded<T>(trying: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return trying;
  const ended = Promise.withResolvers<never>();
  const end = (): void => ended.reject(signal.reason);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    return await Promise.race([ended.promise, trying]);
  } catch (error) {
    if (!signal.aborted) throw error;
    void trying.then(closeLate, () => {});
    throw signal.reason;
  } finally {
    signal.removeEventListener('abort', end);
  }
}

function closeLate(opened: unknown): void {
  if (opened instanceof Connection) void opened.close();
}

/** Why it can't be used, though it may be in a moment. */
interface NotYet {
  readonly reason: string;
  readonly error: unknown;
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
    return { reason: notYet(error, address), error };
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

/** Node has names of its own, and those of OpenSSL for what is wrong with a certificate. */
function isTlsFault(code: string): boolean {
  return /^(ERR_(TLS|SSL|OSSL)_|EPROTO$|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)|PATH_LENGTH_)/.test(
    code,
  );
}

function tlsReason(error: Error, { sslMode, sslRootCert }: PostgresAddress): string {
  const root = sslRootCert === undefined ? 'the well-known authorities' : `sslrootcert=${sslRootCert}`;
  // Node's advice is for whoever starts it.
  const reason = reasonOf(error).replace(/; if the root CA is installed locally.*(?= \()/, '');
  return `${reason}, by sslmode=${sslMode} and ${root}`;
}

function refusal(address: PostgresAddress, fault: string, cause: unknown): StartError {
  return new StartError(`PostgreSQL at ${placeOf(address)} ${fault}`, { cause });
}

function gaveUp(address: PostgresAddress, timeout: number, { reason, error }: NotYet): StartError {
  const waited = timeout === 0 ? '' : ` within ${timeout / 1000} s`;
  return refusal(address, `can't be used${waited}: ${reason}`, error);
}

/** Where it is, without user and password. */
export function placeOf({ host, port }: PostgresAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
