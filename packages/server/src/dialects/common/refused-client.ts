import type { CloseName } from '@haina/wire';
import { type AuthReason, DomainError, type ErrorCode } from '../../core/errors.ts';
import type { SessionEnd } from '../../hub/sessions.ts';
import type { ConnectionRequest } from '../../transport/connection.ts';
import type { DialectServices } from './services.ts';

/** What the client is told of why its session ends. */
const REASON_OF_END: Readonly<Record<SessionEnd, AuthReason>> = {
  'token-expired': 'token-expired',
  'user-deleted': 'user-gone',
  'user-disabled': 'user-disabled',
  'sessions-ended': 'token-refused',
  'password-changed': 'token-refused',
  'role-changed': 'role-changed',
};

/** The refusal of a session that is over. */
export function sessionOver(end?: SessionEnd): DomainError {
  return new DomainError('EAUTH', 'the session is over', end ? { reason: REASON_OF_END[end] } : {});
}

/** Why the client is not authenticated, by a word of the closed set. */
export function reasonOf({ reason = 'token-refused' }: DomainError): AuthReason {
  return reason;
}

/** Of EPERM it may be another one; of EAUTH the reason says it. */
const CLOSE_OF_REFUSAL: Readonly<Record<Exclude<ErrorCode, 'EAUTH'>, CloseName>> = {
  EPERM: 'refused',
  EINVAL: 'refused',
  ENOENT: 'refused',
  ETOOLONG: 'refused',
  ERATE: 'refused-for-now',
  ECONFLICT: 'refused-for-now',
  EINTERNAL: 'internal',
};

/** How the connection of a client closes that is not let in, or not any more. */
export function closeOfRefusal(refusal: DomainError): CloseName {
  const { code, limit } = refusal;
  if (code === 'EAUTH') return reasonOf(refusal);
  // What may be too many before a session is open is sessions: of a user, or of an address.
  if (code === 'EPERM' && limit !== undefined) return 'too-many-sessions';
  return CLOSE_OF_REFUSAL[code];
}

/** Logs who was not let in, or had a token refused, from where, and why. */
export function logRefused(
  { log }: Pick<DialectServices, 'log'>,
  dialect: string,
  { remoteAddress: address }: Pick<ConnectionRequest, 'remoteAddress'>,
  { code, reason, whom: user, message: why }: DomainError,
): void {
  log.warn({ dialect, address, user, code, reason, why }, 'a client was refused');
}

/** Logs who is too fast; other refusals of commands are everyday business. */
export function logTooFast(
  { log }: Pick<DialectServices, 'log'>,
  dialect: string,
  { remoteAddress: address }: Pick<ConnectionRequest, 'remoteAddress'>,
  user: string | undefined,
  { message: why }: DomainError,
): void {
  log.warn({ dialect, address, user, why }, 'a client was too fast');
}
