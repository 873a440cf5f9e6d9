import { STOMP_VERSIONS, StompProtocolError, type StompVersion } from '@haina/wire';
import type { HeartBeatTerms } from './heart-beat.ts';

/** What CONNECT settled before anybody looked at its credentials. */
export interface ConnectTerms {
  readonly version: StompVersion;
  readonly heartBeat: HeartBeatTerms;
}

/**
 * The highest version both sides speak (STOMP 1.2, "Protocol Negotiation"). A client that does not tell speaks 1.0.
 * The WebSocket subprotocol does not matter: clients in the field offer several and mean what the header says.
 */
export function negotiateVersion(acceptVersion: string | undefined): StompVersion {
  if (acceptVersion === undefined) return '1.0';
  const accepted = new Set(acceptVersion.split(',').map((version) => version.trim()));
  const version = STOMP_VERSIONS.find((candidate) => accepted.has(candidate));
  if (version !== undefined) return version;
  const supported = STOMP_VERSIONS.toReversed();
  throw new StompProtocolError(
    'Unsupported version',
    `Supported protocol versions are ${supported.join(' ')}.`,
    {
      headers: { version: supported.join(',') },
    },
  );
}

/** Why `handler.connect` rejected, as the client may know it. */
export function connectError(reason: unknown): StompProtocolError {
  if (reason instanceof StompProtocolError) return reason;
  return new StompProtocolError('Not connected', 'The server could not authenticate this connection.', {
    code: 'unauthorized',
    cause: reason,
  });
}

export function notConnected(command: string): StompProtocolError {
  const detail = `The first frame must be CONNECT or STOMP, not ${command}.`;
  return new StompProtocolError('Not connected', detail, { code: 'command' });
}

export function alreadyConnected(command: string): StompProtocolError {
  const detail = `This session is connected; a second ${command} is not allowed.`;
  return new StompProtocolError('Already connected', detail, { code: 'command' });
}
