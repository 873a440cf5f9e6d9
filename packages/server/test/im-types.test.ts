import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  decodeImProtobuf,
  type ImBodies,
  type ImMessage,
  ImMessageStatus,
  ImMessageType,
  type ImSendableType,
} from '@haina/wire';
import {
  documentOf,
  ERRORS,
  EVENTS,
  INBOX,
  NOTIFICATIONS,
  openIm,
  PRESENCE,
  PROTOBUF,
  STATUS,
  subscribeIm,
} from './support/im-client.ts';
import { assertFits } from './support/im-forms.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import type { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const ADMIN = tokenOf('admin', { role: 'admin' });
const URL = 'https://example.com/a';

let server: TestServer;
const clients: StompClient[] = [];
let users = 0;

before(async () => {
  server = await startTestServer({ presenceGrace: 0 });
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

/** Two users, connected and subscribed to everything. */
interface Scene {
  readonly alice: Person;
  readonly bob: Person;
}

class Person {
  readonly id: string;
  readonly client: StompClient;

  private constructor(id: string, client: StompClient) {
    this.id = id;
    this.client = client;
  }

  static async open(name: string): Promise<Person> {
    const id = `${name}-types${++users}`;
    const all = [INBOX, STATUS, EVENTS, ERRORS, PRESENCE, NOTIFICATIONS];
    const client = await openIm(server.wsUrl, id, all);
    clients.push(client);
    return new Person(id, client);
  }

  send<Destination extends keyof ImBodies>(destination: Destination, body: ImBodies[Destination]): void {
    this.client.sendJson(destination, body);
  }

  /** Sends to another, and returns what that one got. */
  async tell(to: Person, content: unknown, msgType: ImSendableType = 0, clientMsgId?: string) {
    this.client.sendJson('/app/private-message', { receiverId: to.id, content, msgType, clientMsgId });
    return to.next(INBOX);
  }

  /** The next message at a destination that matches, each of them in its published form. */
  async next(destination: string, matches: (message: ImMessage) => boolean = () => true): Promise<ImMessage> {
    for (;;) {
      const message = await this.client.nextAt<ImMessage>(destination);
      assertFits(message);
      if (matches(message)) return message;
    }
  }
}

async function newScene(): Promise<Scene> {
  return { alice: await Person.open('alice'), bob: await Person.open('bob') };
}

const sent = (msgType: ImSendableType, content: unknown) => (scene: Scene) =>
  scene.alice.tell(scene.bob, content, msgType);

const notified = (type: string) => async (scene: Scene) => {
  const body = {
    type,
    title: 't',
    content: 'c',
    expiresAt: '2099-01-01T00:00:00Z',
    to: { userIds: [scene.bob.id] },
  };
  assert.equal((await server.call('POST', '/api/v1/notifications', ADMIN, body)).status, 201);
  return scene.bob.next(NOTIFICATIONS);
};

async function referring({ alice, bob }: Scene, msgType: ImSendableType, name: string): Promise<ImMessage> {
  const { messageId } = await alice.tell(bob, 'original');
  return bob.tell(alice, { content: 'mine', [name]: messageId }, msgType);
}

/** How each type of section 3.2 comes about, and where it comes to. */
const TYPES: Readonly<Record<keyof typeof ImMessageType, (scene: Scene) => Promise<ImMessage>>> = {
  CHAT_TEXT: sent(0, 'Hello World'),
  CHAT_IMAGE: sent(1, {
    content: '图片描述',
    contentExtra: { url: URL, width: 800, height: 600, size: 1, format: 'JPEG' },
  }),
  CHAT_FILE: sent(2, {
    content: 'a.pdf',
    contentExtra: { url: URL, size: 1, type: 'application/pdf', extension: 'pdf' },
  }),
  CHAT_VOICE: sent(3, { content: '', contentExtra: { url: URL, duration: 1.5 } }),
  CHAT_VIDEO: sent(4, { content: '', contentExtra: { url: URL, thumbnailUrl: URL } }),
  CHAT_LOCATION: sent(5, { content: '故宫', contentExtra: { latitude: 39.9, longitude: 116.4 } }),
  CHAT_CARD: sent(6, { content: 'Bob', contentExtra: { userId: 'bob' } }),
  async CHAT_EDIT({ alice, bob }) {
    const { messageId } = await alice.tell(bob, 'tpyo');
    alice.send('/app/edit-message', { messageId, newContent: 'typo', editReason: '用户编辑' });
    return bob.next(INBOX);
  },
  CHAT_QUOTE: (scene) => referring(scene, 11, 'quotedMessageId'),
  CHAT_FORWARD: (scene) => referring(scene, 12, 'originalMessageId'),
  async CHAT_RECALL({ alice, bob }) {
    const { messageId } = await alice.tell(bob, 'a slip');
    alice.send('/app/delete-message', { messageId, deleteScope: 1, deleteReason: '用户撤回' });
    return bob.next(INBOX);
  },
  NOTIFICATION_ANNOUNCEMENT: notified('announcement'),
  NOTIFICATION_ALERT: notified('alert'),
  NOTIFICATION_PROMOTION: notified('promotion'),
  NOTIFICATION_MAINTENANCE: notified('maintenance'),
  async SYSTEM_CONNECT({ alice }) {
    alice.client.send('UNSUBSCRIBE', { id: EVENTS });
    await alice.client.subscribe(EVENTS);
    return alice.next(EVENTS);
  },
  async SYSTEM_DISCONNECT({ alice }) {
    await server.call('DELETE', `/api/v1/users/${alice.id}`, ADMIN);
    return alice.next(EVENTS);
  },
  SYSTEM_HEARTBEAT({ alice }) {
    alice.send('/app/heartbeat', { timestamp: 1, deviceId: 'phone' });
    return alice.next(EVENTS);
  },
  SYSTEM_AUTH({ alice }) {
    alice.send('/app/auth', { token: tokenOf(alice.id), timestamp: 1 });
    return alice.next(EVENTS);
  },
  async SYSTEM_STATUS({ alice, bob }) {
    const { messageId } = await bob.tell(alice, 'pin me');
    await alice.client.confirmed('/app/pin-message', { messageId });
    alice.send('/app/sync', {});
    return alice.next(INBOX);
  },
  async EVENT_USER_STATUS_CHANGE({ alice, bob }) {
    await alice.tell(bob, 'so that they share a conversation');
    await alice.client.close();
    return bob.next(PRESENCE);
  },
  async EVENT_GROUP_UPDATE({ alice, bob }) {
    const members = [alice, bob].map(({ id: userId }) => ({ userId }));
    await server.call('POST', '/api/v1/groups', ADMIN, { name: 'g', members });
    return alice.next(EVENTS);
  },
  async EVENT_MESSAGE_STATUS_CHANGE({ alice, bob }) {
    await alice.tell(bob, 'x');
    return alice.next(STATUS);
  },
  async EVENT_SYSTEM_CONFIG_CHANGE({ alice }) {
    const newPermission = { permissionType: 'chat_permission', newPermission: 'read_only', reason: 'a test' };
    await server.call('PUT', `/api/v1/admin/users/${alice.id}/permissions`, ADMIN, newPermission);
    await alice.next(EVENTS);
    const newConfig = { configType: 'chat_settings', newConfig: { fileUploadLimit: 20 }, reason: 'a test' };
    await server.call('PUT', '/api/v1/admin/settings', ADMIN, newConfig);
    return alice.next(NOTIFICATIONS);
  },
};

/** The status of a message of one's own, told to its sender. */
async function statusAfter(scene: Scene, status: ImMessageStatus, act: (message: ImMessage) => void) {
  const { alice, bob } = scene;
  act(await alice.tell(bob, 'x', 0, 'c-1'));
  return alice.next(STATUS, (told) => told.status === status);
}

/** How each status of section 3.3 comes about. */
const STATUSES: Readonly<Record<keyof typeof ImMessageStatus, (scene: Scene) => Promise<ImMessage>>> = {
  MESSAGE_NORMAL: ({ alice, bob }) => alice.tell(bob, 'x', 0, 'c-1'),
  MESSAGE_SENDING: (scene) => statusAfter(scene, 1, () => {}),
  MESSAGE_SENT: (scene) => statusAfter(scene, 2, () => {}),
  MESSAGE_DELIVERED: (scene) => statusAfter(scene, 3, () => {}),
  MESSAGE_READ: (scene) =>
    statusAfter(scene, 4, ({ messageId }) => scene.bob.send('/app/read-message', { messageId })),
  async MESSAGE_FAILED({ alice }) {
    alice.send('/app/private-message', { receiverId: 'nobody', content: 'x', clientMsgId: 'c-1' });
    await alice.client.nextAt(ERRORS);
    return alice.next(STATUS, ({ status }) => status !== ImMessageStatus.MESSAGE_SENDING);
  },
  MESSAGE_RECALLED: (scene) =>
    statusAfter(scene, 6, ({ messageId }) =>
      scene.alice.send('/app/delete-message', { messageId, deleteScope: 1 }),
    ),
  MESSAGE_EDITED: (scene) =>
    statusAfter(scene, 7, ({ messageId }) =>
      scene.alice.send('/app/edit-message', { messageId, newContent: 'y' }),
    ),
  async MESSAGE_DELETED({ alice, bob }) {
    const tablet = await openIm(server.wsUrl, bob.id, [STATUS]);
    clients.push(tablet);
    const { messageId } = await alice.tell(bob, 'x', 0, 'c-1');
    bob.send('/app/delete-message', { messageId, deleteScope: 0 });
    const told = await tablet.nextAt<ImMessage>(STATUS);
    assertFits(told);
    return told;
  },
};

test('there are the 24 types and 9 statuses of the document', () => {
  assert.equal(Object.keys(ImMessageType).length, 24);
  assert.equal(Object.keys(ImMessageStatus).length, 9);
});

describe('every type of section 3.2 is told, in its published form', () => {
  for (const [name, type] of Object.entries(ImMessageType)) {
    test(`${type} ${name}`, async () => {
      const happen = TYPES[name as keyof typeof ImMessageType];
      assert.ok(happen, `nothing shows how ${name} comes about`);
      assert.equal((await happen(await newScene())).type, type);
    });
  }
});

describe('every status of section 3.3 is told', () => {
  for (const [name, status] of Object.entries(ImMessageStatus)) {
    test(`${status} ${name}`, async () => {
      const happen = STATUSES[name as keyof typeof ImMessageStatus];
      assert.ok(happen, `nothing shows how ${name} comes about`);
      const message = await happen(await newScene());
      assert.deepEqual([message.status, message.clientMessageId], [status, 'c-1']);
    });
  }
});

test('what comes at a sync has the published forms too: changed, recalled, and of another protocol', async () => {
  const alice = await Person.open('alice');
  const bobId = `bob-types${++users}`;
  await openIm(server.wsUrl, bobId, []).then((client) => client.close());
  const messageOf = (clientMsgId: string, msgType: number, content: unknown) =>
    alice.client.confirmed('/app/private-message', { receiverId: bobId, clientMsgId, msgType, content });
  await messageOf('plain', 0, 'x');
  await messageOf('picture', 1, { content: '', contentExtra: { url: URL } });
  await messageOf('quote', 11, { content: 'q', quotedMessageId: 'plain' });
  await messageOf('forward', 12, { originalMessageId: 'picture' });
  await alice.client.confirmed('/app/edit-message', { messageId: 'quote', newContent: 'edited' });
  await alice.client.confirmed('/app/delete-message', { messageId: 'plain', deleteScope: 1 });
  const bob = await openIm(server.wsUrl, bobId, []);
  clients.push(bob);
  await subscribeIm(bob, INBOX);
  bob.sendJson('/app/sync', {});
  const types: number[] = [];
  while (types.at(-1) !== ImMessageType.SYSTEM_STATUS) {
    const message = await bob.nextAt<ImMessage>(INBOX);
    assertFits(message);
    types.push(message.type);
  }
  assert.deepEqual(types, [13, 1, 11, 12, 34]);
});

test('a refusal has its published form in protobuf', async () => {
  const alice = await openIm(server.wsUrl, `alice-types${++users}`, [], { accept: PROTOBUF });
  clients.push(alice);
  await alice.subscribe(ERRORS);
  alice.sendJson('/app/chat', {});
  const message = decodeImProtobuf((await alice.next('MESSAGE')).body);
  assertFits(message);
  assert.equal(documentOf(message).code, 'EINVAL');
});
