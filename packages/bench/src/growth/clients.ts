import type { StompFrame } from '@haina/wire';
import type { Shape } from '../../../server/test/support/growth/fill.ts';
import { StompClient } from '../../../server/test/support/stomp-client.ts';
import { tokenOf } from '../haina.ts';

/** A server on a database that was filled. */
export interface Place {
  readonly url: URL;
  readonly shape: Shape;
}

const ERRORS = '/user/queue/errors';
const utf8 = new TextDecoder();

/** A connected STOMP session. */
export function stompOf(
  { url }: Place,
  userId: string,
  path = '/ws/im',
  role = 'user',
): Promise<StompClient> {
  return StompClient.connect(url.origin.replace('http:', 'ws:'), tokenOf(userId, role), path);
}

/** A session of `xuqm` that hears what it is told, refusals too. */
export async function personOf(place: Place, userId: string): Promise<StompClient> {
  const client = await stompOf(place, userId);
  for (const destination of [ERRORS, '/user/queue/messages']) await client.subscribe(destination);
  return client;
}

/** Gives a command and waits until it is confirmed. @throws where it is refused */
export async function command(client: StompClient, destination: string, body: object): Promise<void> {
  const error = await answerTo(client, destination, body);
  if (error !== undefined) throw new Error(`${destination} was refused: ${error}`);
}

/** Gives a command that is to be refused. @throws where it is confirmed */
export async function refused(client: StompClient, destination: string, body: object): Promise<void> {
  if ((await answerTo(client, destination, body)) === undefined) throw new Error(`${destination} was taken`);
}

let receipts = 0;

/** The refusal; undefined where it was confirmed. */
async function answerTo(client: StompClient, destination: string, body: object): Promise<string | undefined> {
  const receipt = `command-${++receipts}`;
  client.sendJson(destination, { appId: 'default', ...body }, { receipt });
  const isRefusal = ({ command, headers }: StompFrame) =>
    command === 'MESSAGE' && headers.get('destination') === ERRORS;
  const isAnswer = (frame: StompFrame) => frame.headers.get('receipt-id') === receipt || isRefusal(frame);
  const answer = await client.nextMatching(destination, isAnswer);
  return isRefusal(answer) ? utf8.decode(answer.body) : undefined;
}

/** Sends a text to a user, or a group. */
export function sendTo(
  client: StompClient,
  toId: string,
  messageId: string,
  chatType: 'SINGLE' | 'GROUP' = 'SINGLE',
): Promise<void> {
  return command(client, '/app/chat.send', { messageId, toId, chatType, msgType: 'TEXT', content: 'Hello' });
}

/** A request to the HTTP API. @param userId whose it is; the service's where there is none @throws where it is refused */
export async function request(
  { url }: Place,
  method: string,
  path: string,
  { userId, body }: { readonly userId?: string | undefined; readonly body?: unknown } = {},
): Promise<void> {
  const response = await fetch(new URL(`/api/v1${path}`, url), {
    method,
    headers: {
      authorization: `Bearer ${userId === undefined ? tokenOf('bench', 'service') : tokenOf(userId)}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
}
