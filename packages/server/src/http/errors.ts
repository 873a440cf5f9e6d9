import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, type ErrorCode, toDomainError } from '../core/errors.ts';

/** What every refusal looks like in JSON. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly field?: string;
  readonly limit?: number;
}

export const STATUS_OF_CODE: Readonly<Record<ErrorCode, number>> = {
  EAUTH: 401,
  EPERM: 403,
  EINVAL: 400,
  ENOENT: 404,
  ETOOLONG: 413,
  ERATE: 429,
  ECONFLICT: 409,
  EINTERNAL: 503,
};

/** What a reply says: fitting the error, and nothing that the client has no business with. */
interface Refusal {
  readonly status: number;
  readonly error: DomainError;
}

/** Answers with the JSON form of anything thrown, and returns what was told: the one place where errors become HTTP. */
export function sendError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): DomainError {
  const { status, error } = refusalOf(thrown);
  if (status >= 500)
    request.log.error({ err: thrown, method: request.method, url: request.url }, 'a request failed');
  if (error.code === 'EAUTH') reply.header('www-authenticate', challengeOf(error));
  if (error.retryAfter !== undefined) reply.header('retry-after', Math.ceil(error.retryAfter / 1000));
  reply
    .code(status)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(bodyOf(error)));
  return error;
}

/** RFC 6750 section 3: who brought no token at all, or a password, is told of no error in a token. */
function challengeOf({ reason, message }: DomainError): string {
  if (reason === undefined || reason === 'token-missing') return 'Bearer';
  // What the description may hold; ours hold nothing else.
  const text = `${reason}: ${message}`.replace(/[^ !#-[\]-~]/g, '');
  return `Bearer error="invalid_token", error_description="${text}"`;
}

/** The JSON form of a refusal. */
export function bodyOf({ code, message, field, limit }: DomainError): ErrorBody {
  return {
    code,
    message,
    ...(field === undefined ? {} : { field }),
    ...(limit === undefined ? {} : { limit }),
  };
}

function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof DomainError) return { status: STATUS_OF_CODE[thrown.code], error: thrown };
  const status = (thrown as FastifyError | undefined)?.statusCode ?? 500;
  if (status >= 500) return { status: 500, error: toDomainError(thrown) };
  return { status, error: ofFramework(thrown as FastifyError, status) };
}

/** What the framework refuses before a route sees it. */
function ofFramework(thrown: FastifyError, status: number): DomainError {
  switch (thrown.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new DomainError('ETOOLONG', 'the body is larger than the server allows', { cause: thrown });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new DomainError('EINVAL', 'the body must be application/json', { cause: thrown });
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new DomainError('EINVAL', 'the body is not valid JSON, or has a key such as __proto__', {
        cause: thrown,
      });
    case 'FST_ERR_BAD_URL':
      return new DomainError('EINVAL', 'the path is not a valid URL', { cause: thrown });
    default:
      if (status === 405) {
        const message = 'this path has no such method; the header Allow has those that it has';
        return new DomainError('EINVAL', message, { cause: thrown });
      }
      if (status === 404) return new DomainError('ENOENT', 'no such endpoint', { cause: thrown });
      return new DomainError('EINVAL', 'the request is not valid', { cause: thrown });
  }
}
