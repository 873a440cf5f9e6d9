import { INIT } from '../../../server/test/support/mimi-client.ts';
import type { StompClient } from '../../../server/test/support/stomp-client.ts';
import { command, type Place, personOf, refused, request, sendTo, stompOf } from './clients.ts';
import { FIRST_STRANGER, MANY_MEMBERS } from './shapes.ts';

/** What a user or a manager does, which ought to take as long in a large database as in a small one. */
export interface Operation {
  readonly name: string;
  readonly times: number;
  /** Whether it goes on after its answer, so that the light client is watched for longer. */
  readonly goesOn?: boolean;
  /** Prepares what is not to be measured. */
  open(place: Place): Promise<Run>;
}

export interface Run {
  /** Before each time; not measured. */
  prepare?(index: number): Promise<unknown>;
  once(index: number): Promise<unknown>;
  close?(): Promise<unknown>;
}

const SYNC = '/app/chat.sync';
const READ = '/app/chat.read';
const FIRST_MESSAGES = 200;
const person = (
  name: string,
  times: number,
  userId: string,
  once: (client: StompClient, place: Place, index: number) => Promise<unknown>,
): Operation => ({
  name,
  times,
  async open(place) {
    const client = await personOf(place, userId);
    return { once: (index) => once(client, place, index), close: () => client.close() };
  },
});

const get = (
  name: string,
  userId: string | undefined,
  path: (place: Place, index: number) => string,
): Operation => ({
  name,
  times: 20,
  open: async (place) => ({ once: (index) => request(place, 'GET', path(place, index), { userId }) }),
});

const remove = (name: string, path: string): Operation => ({
  name,
  times: 1,
  goesOn: true,
  open: async (place) => ({ once: () => request(place, 'DELETE', path) }),
});

/** A session that opens, and is closed unmeasured. */
const connects = (name: string, open: (place: Place) => Promise<StompClient>): Operation => ({
  name,
  times: 10,
  async open(place) {
    let client: StompClient | undefined;
    const close = async () => client?.close();
    return {
      prepare: close,
      async once() {
        client = await open(place);
      },
      close,
    };
  },
});

async function nextMessages(client: StompClient, count: number): Promise<void> {
  for (let told = 0; told < count; told++) await client.next('MESSAGE');
}

/** In this order: those that remove come last. */
export const OPERATIONS: readonly Operation[] = [
  // What the light client's messages take by themselves.
  { name: 'nothing', times: 1, goesOn: true, open: async () => ({ once: async () => {} }) },
  person('send', 200, 'u5', (client, _, index) => sendTo(client, 'u6', `send-${index}`)),
  person('send to the large group', 50, 'u8', (client, _, index) =>
    sendTo(client, 'crowd', `crowd-${index}`, 'GROUP'),
  ),
  get('history, in the middle', 'u1', ({ shape }, index) => {
    const middle = Math.floor(shape.messages / 2);
    return `/conversations/deep/messages?before=${middle - index}`;
  }),
  get('users', undefined, () => '/users?after=u3&limit=50'),
  get('members', undefined, () => '/groups/crowd/members?after=u3&limit=50'),
  get('audit', undefined, () => '/admin/audit?limit=50'),
  get('groups, at the end', undefined, () => '/groups?after=g9999&limit=50'),
  get('rooms, at the end', undefined, () => '/rooms?after=room9999&limit=50'),
  get('conversations', 'u1', () => '/conversations?limit=50'),
  get('notifications', 'u1', () => '/notifications?limit=50'),
  person('sync, nothing new', 20, 'u4', (client) => command(client, SYNC, {})),
  person('sync, nothing new in many conversations', 10, 'u1', (client) => command(client, SYNC, {})),
  {
    name: 'sync, one change',
    times: 10,
    async open(place) {
      const client = await personOf(place, 'u3');
      const change = (index: number) =>
        request(place, 'POST', `/messages/deep${index + 5}/recall`, { body: {} });
      return { prepare: change, once: () => command(client, SYNC, {}), close: () => client.close() };
    },
  },
  // Once, as it is told everything by it. Whoever misses much waits for the first of it; all of it grows by itself.
  person(`sync, the first ${FIRST_MESSAGES} of much`, 1, 'u2', (client) => {
    client.sendJson(SYNC, { appId: 'default' });
    return nextMessages(client, FIRST_MESSAGES);
  }),
  {
    name: `mimi init, the first ${FIRST_MESSAGES} of much`,
    times: 3,
    async open(place) {
      let client: StompClient | undefined;
      const close = async () => client?.close();
      return {
        async prepare() {
          await close();
          client = await stompOf(place, 'u12', '/Mimi/client');
          await client.subscribe('/user/12/recive');
        },
        async once() {
          client?.send('SEND', { destination: INIT });
          if (client) await nextMessages(client, FIRST_MESSAGES);
        },
        close,
      };
    },
  },
  person('read, an id of its own that many chose', 20, 'u7', (client) =>
    command(client, READ, { messageId: 'hi' }),
  ),
  person('read, an id that many others chose', 20, 'newcomer', (client) =>
    refused(client, READ, { messageId: 'hi' }),
  ),
  connects('connect, in many groups', (place) => personOf(place, 'u1')),
  connects('connect, agent of many sessions', (place) => stompOf(place, 'agent1', '/ws/agent', 'agent')),
  connects('connect, many notifications', async (place) => {
    const client = await stompOf(place, 'u1', '/ws');
    await client.subscribe('/topic/system/notifications');
    return client;
  }),
  get('desk stats', undefined, ({ shape }) => `/desk/stats?from=0&to=${shape.services * 2}`),
  get(
    'desk sessions that there are none of',
    undefined,
    () => '/desk/sessions?state=queued&skill=none&limit=50',
  ),
  {
    name: `add ${MANY_MEMBERS} members`,
    times: 1,
    goesOn: true,
    async open(place) {
      const members = Array.from({ length: MANY_MEMBERS }, (_, i) => ({ userId: `u${FIRST_STRANGER + i}` }));
      return { once: () => request(place, 'POST', '/groups/g1/members', { body: { members } }) };
    },
  },
  remove('delete a user of many chats', '/users/u1'),
  remove('delete a webhook', '/webhooks/hook1'),
  remove('delete a group of many members', '/groups/crowd'),
  remove('delete a group of many messages', '/groups/deep'),
];
