import { type AuthReason, DomainError } from '../../core/errors.ts';
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
