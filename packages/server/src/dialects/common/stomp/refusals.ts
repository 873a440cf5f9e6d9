import { StompProtocolError } from '@haina/wire';
import { DomainError, toDomainError } from '../../../core/errors.ts';
import { StompLimitError, StompTransactionError } from '../../../stomp/errors.ts';
import type { Connection } from '../../../transport/connection.ts';
import { closeOfRefusal, logRefused, logTooFast, reasonOf } from '../refused-client.ts';
import type { DialectServices } from '../services.ts';
import { errorTextOf, type StompBinding } from './binding.ts';

/** What becomes of the refusals of one connection: counted, logged, and given the form in which they are told. */
export class Refusals {
  readonly #services: Pick<DialectServices, 'metrics' | 'log'>;
  readonly #binding: StompBinding;
  readonly #connection: Connection;

  constructor(
    services: Pick<DialectServices, 'metrics' | 'log'>,
    binding: StompBinding,
    connection: Connection,
  ) {
    this.#services = services;
    this.#binding = binding;
    this.#connection = connection;
  }

  /** The ERROR that refuses a CONNECT. */
  ofConnect(error: unknown): StompProtocolError {
    const refusal = toDomainError(error);
    // Who has gone is refused nothing any more.
    if (!this.#connection.isOpen) return this.unauthorized(refusal);
    const { metrics, log } = this.#services;
    const { dialect } = this.#binding;
    metrics.refusals.add(1, dialect, refusal.code);
    if (refusal.code !== 'EINTERNAL') logRefused(this.#services, dialect, this.#connection.request, refusal);
    if (refusal.code === 'EAUTH') return this.unauthorized(refusal);
    if (refusal.code !== 'EINTERNAL') {
      const close = closeOfRefusal(refusal);
      return new StompProtocolError('Refused', this.#textOf(refusal), { code: 'overload', close });
    }
    log.error({ err: refusal, dialect }, 'a client could not be authenticated');
    const answer = new DomainError('EINTERNAL', 'the server can not connect you now; try again');
    return new StompProtocolError('Internal error', this.#textOf(answer), { code: 'internal' });
  }

  /** The answer to failed authentication that the documents show. */
  unauthorized(refusal: DomainError): StompProtocolError {
    const reason = reasonOf(refusal);
    return new StompProtocolError('Unauthorized', this.#textOf(refusal), {
      code: 'unauthorized',
      close: reason,
      headers: { reason },
    });
  }

  /** The refusal of a frame, which leaves the session as it was. */
  ofFrame(error: unknown, userId: string): DomainError {
    const refusal = this.#toDomainError(error);
    const { dialect } = this.#binding;
    const { request } = this.#connection;
    this.#services.metrics.refusals.add(1, dialect, refusal.code);
    if (refusal.code === 'ERATE') {
      logTooFast(this.#services, dialect, request, userId, refusal);
    } else if (refusal.cause instanceof DomainError && refusal.cause.code === 'EAUTH') {
      logRefused(this.#services, dialect, request, refusal.cause);
    }
    return refusal;
  }

  #toDomainError(error: unknown): DomainError {
    if (error instanceof StompLimitError) {
      return new DomainError('EINVAL', error.message, { limit: error.limit });
    }
    if (error instanceof StompTransactionError) return new DomainError('ECONFLICT', error.message);
    const refusal = toDomainError(error);
    // Without a cause it is an overload, or a plug-in that is away: counted, and told by whoever it is.
    if (refusal.code === 'EINTERNAL' && refusal.cause !== undefined) {
      this.#services.log.error({ err: refusal, dialect: this.#binding.dialect }, 'a command failed');
    }
    return refusal;
  }

  #textOf(refusal: DomainError): string {
    return this.#binding.errorText?.(refusal) ?? errorTextOf(refusal);
  }
}
