import type { FastifyRequest } from 'fastify';
import type { DomainError, ErrorCode } from '../core/errors.ts';
import type { AddressOf } from './client.ts';

/** Refusals behind which there may be an attack, or a client that nobody understands; others are everyday business. */
const NOTABLE: Partial<Record<ErrorCode, string>> = {
  EAUTH: 'a request was refused: nobody was authenticated',
  ERATE: 'a request was refused: too fast',
};

/** Logs who was refused, from where, and why. */
export function logRefused(request: FastifyRequest, refusal: DomainError, addressOf: AddressOf): void {
  const text = NOTABLE[refusal.code];
  if (text === undefined) return;
  const { method, url, raw, log } = request;
  const [path] = url.split('?');
  const { reason, message: why } = refusal;
  log.warn({ method, path, address: addressOf(raw), user: userOf(request, refusal), reason, why }, text);
}

function userOf({ principal, body }: FastifyRequest, { whom }: DomainError): string | undefined {
  const { username } = (body ?? {}) as { readonly username?: unknown };
  return whom ?? principal?.userId ?? (typeof username === 'string' ? username : undefined);
}
