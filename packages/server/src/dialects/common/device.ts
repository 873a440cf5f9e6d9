import type { Device } from '../../core/presence-news.ts';
import type { ConnectionRequest } from '../../transport/connection.ts';
import { headerOf } from './credentials.ts';

/** Longest word that a client may say of its device, in characters; what is longer is cut. */
const MAX_LENGTH = 256;

/** What a session runs on, by its CONNECT frame and the request before it. */
export function deviceOf(
  { headers, remoteAddress }: ConnectionRequest,
  connectHeaders: ReadonlyMap<string, string>,
): Device {
  const said = (text: string | undefined) => (text ?? '').slice(0, MAX_LENGTH).toWellFormed();
  return {
    deviceId: said(headerOf(connectHeaders, 'deviceId')),
    clientType: said(headerOf(connectHeaders, 'clientType')),
    ipAddress: remoteAddress,
    userAgent: said(headers['user-agent']),
  };
}
