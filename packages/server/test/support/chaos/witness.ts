import assert from 'node:assert/strict';
import { StompClient } from '../stomp-client.ts';
import { tokenOf } from '../token.ts';
import type { Crowd } from './crowd.ts';
import { faultsOf, type StoredMessage } from './faults.ts';
import type { Addressees } from './voices.ts';

const SERVICE = tokenOf('tester', { role: 'service' });
const INBOX = '/user/queue/messages';
/** The group that people write to. */
export const GROUP = 'everybody';
/** A member of it who is away all the time, and whom some write to alone. */
export const LISTENER = 'listener';

/** Where a server is, now. */
export interface Address {
  readonly url: string;
  readonly wsUrl: string;
}

/** Makes the group, its members and the listener. */
export async function gather(server: Address, crowds: readonly Crowd[]): Promise<Addressees> {
  const { uid } = await callApi<{ uid: number }>(server, 'POST', '/users', {
    id: LISTENER,
    username: LISTENER,
  });
  const ids = crowds.flatMap(({ speakers }) => speakers.map(({ user }) => user));
  for (const id of ids) await callApi(server, 'POST', '/users', { id, username: id });
  const members = [LISTENER, ...ids].map((userId) => ({ userId }));
  await callApi(server, 'POST', '/groups', { id: GROUP, name: 'Everybody', members });
  return { group: GROUP, uid };
}

export async function callApi<T>({ url }: Address, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${SERVICE}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const answer = await response.json();
  assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(answer)}`);
  return answer as T;
}

/** Where what a server has stored, and tells who was away, is not what was confirmed to all of these. */
export async function faultsAt(server: Address, crowds: readonly Crowd[]): Promise<string[]> {
  const speakers = crowds.flatMap((crowd) => crowd.speakers);
  return faultsOf(speakers, { stored: await storedAt(server, crowds), missed: await missedAt(server) });
}

/** The histories of all conversations in which these wrote, by their ids. */
export async function storedAt(
  server: Address,
  crowds: readonly Crowd[],
): Promise<Map<string, StoredMessage[]>> {
  const speakers = crowds.flatMap((crowd) => crowd.speakers);
  const mimi = speakers.filter(({ dialect }) => dialect === 'mimi').map(({ user }) => user);
  const conversations = [GROUP, ...mimi.map((user) => `single:${[user, LISTENER].sort().join(':')}`)];
  const stored = new Map<string, StoredMessage[]>();
  for (const conversation of conversations) stored.set(conversation, await historyAt(server, conversation));
  return stored;
}

/** A history in its order. */
export async function historyAt(server: Address, conversationId: string): Promise<StoredMessage[]> {
  const all: StoredMessage[] = [];
  for (let before = ''; ; ) {
    const path = `/conversations/${conversationId}/messages?limit=200${before}`;
    const page = await callApi<{ messages: StoredMessage[]; hasMore: boolean }>(server, 'GET', path);
    all.unshift(...page.messages);
    if (!page.hasMore) return all;
    before = `&before=${page.messages[0]?.seq}`;
  }
}

/** What a client gets that was never there before, in its order. */
async function missedAt({ wsUrl }: Address): Promise<string[]> {
  const client = await StompClient.of(wsUrl, LISTENER);
  await client.subscribe(INBOX, { ack: 'client' });
  const ids: string[] = [];
  for (;;) {
    client.sendJson('/app/chat.sync', {});
    for (let ack = ''; ; ) {
      const { headers, body } = await client.next('MESSAGE');
      const told = JSON.parse(Buffer.from(body).toString()) as Record<'id' | 'msgType', string> & {
        complete?: boolean;
      };
      if (told.msgType !== 'SYNC_DONE') {
        ids.push(told.id);
        ack = headers.get('ack') as string;
        continue;
      }
      if (ack !== '') client.send('ACK', { id: ack });
      if (!told.complete) break;
      await client.close();
      return ids;
    }
  }
}
