import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { DomainError } from '../core/errors.ts';
import { bodyOf } from './errors.ts';

/**
 * Answers what is no request, or none that could be read to its end, in the form of every refusal, and closes the
 * connection.
 */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const { status, refusal } = refusalOf(error);
  const body = JSON.stringify(bodyOf(refusal));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroy(error);
}

function refusalOf(cause: Error & { code?: string }): { status: number; refusal: DomainError } {
  switch (cause.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        status: 408,
        refusal: new DomainError('EINVAL', 'the request took too long to arrive', { cause }),
      };
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: 431,
        refusal: new DomainError('ETOOLONG', 'the headers are larger than the server allows', { cause }),
      };
    default:
      return { status: 400, refusal: new DomainError('EINVAL', 'this is no valid HTTP request', { cause }) };
  }
}
