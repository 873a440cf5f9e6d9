import type { Device } from '../../core/presence-news.ts';
import type { ConnectionRequest } from '../../transport/connection.ts';

/** Longest word that a client may say of its device, in characters; what is longer is cut. */
const MAX_LENGTH = 256;

/**
 * What a session runs on, by its request and what its client says.
 *
 * @param said what the client says under a name: in a header of CONNECT, or in the query
 */
export function deviceOf(
  { headers, remoteAddress }: ConnectionRequest,
  said: (name: string) => string | null | undefined,
): Device {
  const word = (text: string | null | undefined) => (text ?? '').slice(0, MAX_LENGTH).toWellFormed();
  return {
    deviceId: word(said('deviceId')),
    clientType: word(said('clientType')),
    ipAddress: remoteAddress,
    userAgent: word(headers['user-agent']),
  };
}
