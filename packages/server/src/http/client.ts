import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Client } from '../core/ports/passwords.ts';

/** The address that a request came from, as the transports have it too. */
export type AddressOf = (request: IncomingMessage) => string;

/** Who waits for an answer, and until when. */
export type ClientOf = (request: FastifyRequest, reply: FastifyReply) => Client;

export function clientsBy(addressOf: AddressOf): ClientOf {
  return ({ raw: request }, { raw: response }) => ({
    address: addressOf(request),
    signal: hangUpOf(response),
  });
}

/** Aborts once the connection ends before the answer was written. */
function hangUpOf(response: FastifyReply['raw']): AbortSignal {
  const hangUp = new AbortController();
  if (response.destroyed) hangUp.abort();
  response.once('close', () => {
    if (!response.writableFinished) hangUp.abort();
  });
  return hangUp.signal;
}
