import type { RedisAddress } from '../config/redis-url.ts';
import { isTlsFault, withoutAdvice } from '../config/tls-fault.ts';

/**
 * What the operator has to mend, in words that follow the server's name; undefined for what may pass by itself, such as a server that is
 * away, loading or full.
 */
export function faultOf(error: unknown, address: RedisAddress): string | undefined {
  const { message = '', code = '' } = error as NodeJS.ErrnoException;
  if (/^(Unknown RESP type|Invalid RESP|Cannot read properties of undefined)/.test(message)) {
    return isTlsAlert(message) && !address.isTls
      ? 'speaks TLS: use rediss://'
      : 'is no Redis: its answers are none of Redis';
  }
  if (/^ERR (unknown command|wrong number)/i.test(message))
    return `is no Redis that haina can use: ${reasonOf(error)}`;
  return loginFault(message, address) ?? (isTlsFault(code) ? tlsFault(error as Error, address) : undefined);
}

function loginFault(message: string, { user, password, database }: RedisAddress): string | undefined {
  if (/^NOAUTH/.test(message)) return 'asks for a password, and the URL in HAINA_REDIS_URL has none';
  if (/^WRONGPASS|invalid password/.test(message)) {
    return user === undefined
      ? 'does not take this password'
      : `does not let "${user}" in with this password`;
  }
  if (/AUTH.*without any password configured/.test(message) && password !== undefined) {
    return 'has no password set, and the URL in HAINA_REDIS_URL has one';
  }
  if (/^(NOPERM|DENIED)/.test(message)) return `does not let haina do what it needs: ${message}`;
  if (/DB index is out of range|invalid DB index/.test(message)) return `has no database ${database}`;
  return undefined;
}

/** The first byte of TLS records, as the decoder shows it: the type of an alert. */
function isTlsAlert(message: string): boolean {
  return / (21|22) /.test(message);
}

function tlsFault(error: Error, { caFile }: RedisAddress): string {
  const authorities = caFile === undefined ? 'the well-known authorities' : `cacert=${caFile}`;
  const reason = withoutAdvice(reasonOf(error));
  return `has no TLS that haina trusts: ${reason}, by ${authorities}`;
}

/** An error in one line. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  // A host with several addresses fails with an error for each, and no words of its own.
  const [first] = (error as Partial<AggregateError>).errors ?? [];
  const line = (error.message || (first as Error | undefined)?.message || error.name).replace(/\s+/g, ' ');
  return code === undefined || line.includes(code) ? line : `${line} (${code})`;
}

/** Where it is, without user and password. */
export function placeOf({ host, port }: RedisAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
