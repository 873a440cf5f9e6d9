import { STOMP_VERSIONS, StompProtocolError, type StompVersion } from '@haina/wire';
import type { ConnectedInfo } from './handler.ts';
import { agreeOnHeartBeat, type HeartBeatTerms, NO_HEART_BEAT, parseHeartBeat } from './heart-beat.ts';
import type { StompSettings } from './options.ts';

/** What CONNECT settled before anybody looked at its credentials. */
export interface ConnectTerms {
  readonly version: StompVersion;
  readonly heartBeat: HeartBeatTerms;
}

type Headers = ReadonlyMap<string, string>;

/** @throws {StompProtocolError} where no terms can be agreed on */
export function negotiate(headers: Headers, settings: StompSettings): ConnectTerms {
  const version = negotiateVersion(headers.get('accept-version'));
  return { version, heartBeat: negotiateHeartBeat(headers.get('heart-beat'), version, settings) };
}

/**
 * The highest version both sides speak (STOMP 1.2, "Protocol Negotiation"). A client that does not tell speaks 1.0.
 * The WebSocket subprotocol does not matter: clients in the field offer several and mean what the header says.
 */
function negotiateVersion(acceptVersion: string | undefined): StompVersion {
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

/** STOMP 1.0 has no heart-beats. */
function negotiateHeartBeat(
  heartBeat: string | undefined,
  version: StompVersion,
  settings: StompSettings,
): HeartBeatTerms {
  return version === '1.0' ? NO_HEART_BEAT : agreeOnHeartBeat(settings.heartBeat, parseHeartBeat(heartBeat));
}

/** The headers of CONNECTED (STOMP 1.2, "Connecting"); `user-name` is what Spring tells beyond them. */
export function connectedHeaders(
  { version, heartBeat }: ConnectTerms,
  sessionId: string,
  { userName }: ConnectedInfo,
  settings: StompSettings,
): [name: string, value: string][] {
  const { server } = settings;
  const headers: [string, string][] = [
    ['version', version],
    ['heart-beat', offeredHeartBeat(heartBeat, settings)],
    ['session', sessionId],
    ['user-name', userName],
  ];
  if (server !== '') headers.push(['server', server]);
  return headers;
}

/** What the server can do and wants; 0 in a direction that is off, as some clients take an offer for a promise. */
function offeredHeartBeat({ outgoing, incoming }: HeartBeatTerms, { heartBeat }: StompSettings): string {
  const [sends, wants] = heartBeat;
  return `${outgoing === 0 ? 0 : sends},${incoming === 0 ? 0 : wants}`;
}

/** Why `handler.connect` rejected, as the client may know it. */
export function connectError(reason: unknown): StompProtocolError {
  if (reason instanceof StompProtocolError) return reason;
  return new StompProtocolError('Not connected', 'The server could not authenticate this connection.', {
    code: 'unauthorized',
    close: 'refused',
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

export function notConnectedInTime(milliseconds: number): StompProtocolError {
  const detail = `CONNECT was not completed within ${milliseconds} ms.`;
  return new StompProtocolError('Not connected in time', detail, {
    code: 'timeout',
    close: 'connect-timeout',
  });
}
