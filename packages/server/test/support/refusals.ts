import assert from 'node:assert/strict';
import { type CloseName, closeOf, type StompFrame, type XuqmError } from '@haina/wire';
import { AUTH_REASONS, type AuthReason } from '../../src/core/errors.ts';
import type { StompClient } from './stomp-client.ts';

export const ERRORS = '/user/queue/errors';

/** How the server ends a session: an ERROR frame, then the close. */
export interface Ending {
  /** The `message` header. */
  readonly message: string;
  readonly body: string;
  /** Of `Unauthorized` it is what the header `reason` says. */
  readonly close?: CloseName;
  /** Further headers of the ERROR frame, such as `receipt-id`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asserts that the session ends so, and with nothing else said before. */
export async function assertEnds(client: StompClient, ending: Ending): Promise<void> {
  const frame = await client.nextMatching('any frame', () => true);
  const headers: Record<string, string> = {
    message: ending.message,
    'content-type': 'text/plain',
    'content-length': String(Buffer.byteLength(ending.body)),
    ...ending.headers,
  };
  const isUnauthorized = ending.message === 'Unauthorized';
  if (isUnauthorized) headers.reason ??= authReasonOf(frame);
  assert.deepEqual(
    {
      command: frame.command,
      headers: Object.fromEntries(frame.headers),
      body: Buffer.from(frame.body).toString(),
    },
    { command: 'ERROR', headers, body: ending.body },
  );
  const close = ending.close ?? (isUnauthorized ? authReasonOf(frame) : undefined);
  assert.ok(close, 'the test says how the connection closes');
  assert.deepEqual(await client.closed, closeOf(close, ending.message));
}

/** Why authentication failed; a word of the closed set. */
function authReasonOf({ headers }: StompFrame): AuthReason {
  const reason = headers.get('reason') ?? 'none';
  assert.ok(Object.hasOwn(AUTH_REASONS, reason), reason);
  return reason as AuthReason;
}

/** Asserts that the error queue tells this and nothing else is said, a RECEIPT least of all, and the session goes on. */
export async function assertRefused(client: StompClient, refusal: XuqmError): Promise<void> {
  const frame = await client.nextMatching('any frame', () => true);
  assert.equal(frame.command, 'MESSAGE');
  assert.equal(frame.headers.get('destination'), ERRORS);
  assert.equal(frame.headers.get('content-type'), 'application/json');
  assert.deepEqual(JSON.parse(Buffer.from(frame.body).toString()), refusal);
  assert.deepEqual(await client.settled(), []);
}

/** One figure of the server's metrics, summed up over its labels. */
export async function figure(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Waits until a figure has a value; asking takes a turn of the server each time. */
export async function figureReaches(url: string, name: string, value: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (let now = await figure(url, name); now !== value; now = await figure(url, name)) {
    if (Date.now() > deadline) assert.equal(now, value, name);
  }
}
