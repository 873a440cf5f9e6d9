import type { ImMessage, StompFrame } from '@haina/wire';
import { StompClient } from './stomp-client.ts';
import { tokenOf } from './token.ts';

export const PROTOBUF = 'application/x-protobuf';
export const INBOX = '/user/queue/private-messages';
export const STATUS = '/user/queue/message-status';
export const PRESENCE = '/user/queue/user-status';
export const EVENTS = '/user/queue/events';
export const ERRORS = '/user/queue/errors';
export const NOTIFICATIONS = '/topic/system/notifications';

/** An `im` session that is connected, and subscribed to these. */
export async function openIm(
  wsUrl: string,
  userId: string,
  destinations: readonly string[] = [INBOX, STATUS, EVENTS, ERRORS],
  headers: Readonly<Record<string, string>> = {},
): Promise<StompClient> {
  const client = await StompClient.open(`${wsUrl}/ws`);
  const Authorization = `Bearer ${tokenOf(userId)}`;
  client.send('CONNECT', { 'accept-version': '1.2', Authorization, userId, deviceId: 'phone', ...headers });
  await client.next('CONNECTED');
  for (const destination of destinations) await subscribeIm(client, destination);
  return client;
}

/** Subscribes and waits for the confirmation; at the events also for what the server tells of the session itself. */
export async function subscribeIm(
  client: StompClient,
  destination: string,
  headers: Record<string, string> = {},
): Promise<void> {
  await client.subscribe(destination, headers);
  if (destination === EVENTS) await frameAt(client, EVENTS);
}

/** Takes the next MESSAGE at a destination, in whatever encoding. */
export function frameAt(client: StompClient, destination: string): Promise<StompFrame> {
  return client.nextMatching(
    `MESSAGE at ${destination}`,
    ({ command, headers }) => command === 'MESSAGE' && headers.get('destination') === destination,
  );
}

/** The JSON document that a message carries, whatever its type. */
export function documentOf(message: ImMessage): Record<string, unknown> {
  const arm = message.chat ?? message.notification ?? message.event ?? message.system;
  return JSON.parse(arm?.content ?? 'null') as Record<string, unknown>;
}
