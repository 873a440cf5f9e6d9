import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ConnectHeaders, type DocumentClient, type Message, WAYS } from './support/document-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { tokenOf } from './support/token.ts';

/** Section 2.3, and the two queues that the decisions add. */
const PRIVATE = '/user/queue/private-messages';
const NOTIFICATIONS = '/topic/system/notifications';
const USER_STATUS = '/user/queue/user-status';
const MESSAGE_STATUS = '/user/queue/message-status';
const EVENTS = '/user/queue/events';
const ERRORS = '/user/queue/errors';
const TOPICS = [PRIVATE, NOTIFICATIONS, USER_STATUS, MESSAGE_STATUS, EVENTS, ERRORS];

const ADMIN = tokenOf('admin', { role: 'admin' });

let server: TestServer;
let users = 0;
let messages = 0;

before(async () => {
  server = await startTestServer({ presenceGrace: 0 });
});
after(() => server.stop());

const generateClientMsgId = () => `client-${++messages}`;

function headersOf(userId: string): ConnectHeaders {
  return { Authorization: `Bearer ${tokenOf(userId)}`, userId, deviceId: `${userId}-web`, clientType: 'web' };
}

/** A user whose client shows what the document's handlers would. */
class User {
  readonly id: string;
  readonly client: DocumentClient;

  constructor(open: (url: string) => DocumentClient, name: string) {
    this.id = `${name}-document${++users}`;
    this.client = open(server.url);
  }

  async connect(): Promise<this> {
    await this.client.connect(headersOf(this.id));
    for (const topic of TOPICS) this.client.subscribe(topic);
    // The first to come there: the subscriptions stand.
    const connected = await this.client.next(EVENTS);
    assert.equal(connected.type, 30);
    return this;
  }

  send(destination: string, body: Readonly<Record<string, unknown>>): void {
    this.client.send(destination, { ...body, timestamp: Date.now() });
  }

  /** Section 8.1. */
  sendPrivateMessage(receiverId: string, content: unknown, more: object = {}): string {
    const clientMsgId = generateClientMsgId();
    this.send('/app/private-message', { receiverId, content, clientMsgId, ...more });
    return clientMsgId;
  }

  /** Section 4.1. */
  async shown(): Promise<{ message: Message; content: Record<string, unknown> }> {
    const message = await this.client.next(PRIVATE);
    return { message, content: JSON.parse(message.chat?.content ?? '') };
  }

  /** Section 7.2: what an event says. */
  async event(destination: string): Promise<Record<string, unknown>> {
    const { event } = await this.client.next(destination, ({ type }) => type >= 40);
    return JSON.parse(event?.content ?? '');
  }

  /** As `event`, of a type, whatever else comes before it. */
  async eventOf(destination: string, eventType: string): Promise<Record<string, unknown>> {
    const read = ({ event }: Message) => JSON.parse(event?.content ?? '{}') as Record<string, unknown>;
    return read(await this.client.next(destination, (message) => read(message).eventType === eventType));
  }

  async status(clientMessageId: string, status: number): Promise<void> {
    const is = (message: Message) => message.clientMessageId === clientMessageId && message.status === status;
    assert.equal((await this.client.next(MESSAGE_STATUS, is)).type, 42);
  }
}

interface Scene {
  readonly alice: User;
  readonly bob: User;
  readonly groupId: string;
}

async function makeGroup(...ids: string[]): Promise<string> {
  const members = ids.map((userId) => ({ userId }));
  const { body } = await server.call('POST', '/api/v1/groups', ADMIN, { name: '技术交流群', members });
  return (body as { id: string }).id;
}

/** The sections of the document, each as a client does what it says. */
const SECTIONS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  async '2, connection and subscriptions: a group has its topic'({ alice, bob, groupId }) {
    bob.client.subscribe(`/topic/conversation/${groupId}`);
    bob.send('/app/heartbeat', { deviceId: 'web' });
    await bob.client.next(EVENTS, ({ type }) => type === 32);
    alice.send('/app/chat', { conversationId: groupId, content: 'hi', msgType: 0, clientMsgId: 'g' });
    const { conversationId, senderId } = await bob.client.next(
      `/topic/conversation/${groupId}`,
      (m) => m.type === 0,
    );
    assert.deepEqual([conversationId, senderId], [groupId, alice.id]);
  },
  async '3, the envelope has its fields'({ alice, bob }) {
    const clientMsgId = alice.sendPrivateMessage(bob.id, 'Hello World');
    const { message } = await bob.shown();
    const { messageId, timestamp, chat, ...rest } = message as Message & Record<string, unknown>;
    assert.ok(messageId !== '' && timestamp > 1_700_000_000_000 && chat);
    const told = rest as Record<string, unknown>;
    assert.deepEqual(
      [
        'type',
        'status',
        'senderId',
        'receiverId',
        'clientMessageId',
        'version',
        'deviceId',
        'source',
        'sequence',
      ].map((field) => told[field]),
      [0, 0, alice.id, bob.id, clientMsgId, '2.0', `${alice.id}-web`, 'im', 1],
    );
  },
  async '4, chat messages: text, image, file, edit, quote, forward, recall'({ alice, bob }) {
    alice.sendPrivateMessage(bob.id, 'Hello World');
    const text = await bob.shown();
    assert.deepEqual(text.content, { content: 'Hello World', contentExtra: null });
    const image = {
      content: '图片描述',
      contentExtra: {
        url: 'https://example.com/image.jpg',
        width: 800,
        height: 600,
        size: 1024000,
        format: 'JPEG',
      },
    };
    alice.sendPrivateMessage(bob.id, image, { msgType: 1 });
    const shownImage = await bob.shown();
    assert.deepEqual([shownImage.message.type, shownImage.content], [1, image]);
    const file = {
      content: '文件名.pdf',
      contentExtra: {
        url: 'https://example.com/file.pdf',
        size: 2048000,
        type: 'application/pdf',
        extension: 'pdf',
      },
    };
    alice.sendPrivateMessage(bob.id, file, { msgType: 2 });
    const shownFile = await bob.shown();
    assert.deepEqual([shownFile.message.type, shownFile.content], [2, file]);
    const { messageId } = text.message;
    bob.sendPrivateMessage(alice.id, { content: '回复内容', quotedMessageId: messageId }, { msgType: 11 });
    const quote = await alice.shown();
    const { content, quotedMessageId, quotedContent, quotedSenderId } = quote.content;
    assert.deepEqual(
      [quote.message.type, content, quotedMessageId, quotedContent, quotedSenderId],
      [11, '回复内容', messageId, 'Hello World', alice.id],
    );
    bob.sendPrivateMessage(
      alice.id,
      { content: '转发的内容', originalMessageId: messageId, forwardReason: '转发原因' },
      { msgType: 12 },
    );
    const forward = await alice.shown();
    assert.deepEqual(
      [
        forward.message.type,
        forward.content.content,
        forward.content.originalMessageId,
        forward.content.forwardReason,
      ],
      [12, '转发的内容', messageId, '转发原因'],
    );
    alice.send('/app/edit-message', { messageId, newContent: '改过的', editReason: '用户编辑' });
    const edit = await bob.shown();
    assert.deepEqual(
      [edit.message.type, edit.message.messageId, edit.content.content],
      [10, messageId, '改过的'],
    );
    alice.send('/app/delete-message', { messageId, deleteScope: 1, deleteReason: '用户撤回' });
    const recall = await bob.shown();
    assert.deepEqual([recall.message.type, recall.message.status, recall.content.content], [13, 6, '']);
  },
  async '5, notifications: announcement, alert, maintenance'({ bob }) {
    const to = { userIds: [bob.id] };
    const bodies = {
      20: {
        title: '系统公告',
        content: '系统将于今晚进行维护升级',
        priority: 'high',
        category: 'maintenance',
      },
      21: {
        title: '新消息提醒',
        content: '您有3条未读消息',
        priority: 'medium',
        action: 'view_messages',
        data: { conversationId: '12345' },
      },
      23: {
        title: '系统维护',
        content: '系统将于22:00-24:00进行维护',
        priority: 'high',
        maintenanceType: 'scheduled',
        estimatedDuration: '2小时',
      },
    };
    const names: Record<string, string> = { 20: 'announcement', 21: 'alert', 23: 'maintenance' };
    for (const [type, body] of Object.entries(bodies)) {
      const request = { type: names[type], ...body, to };
      assert.equal((await server.call('POST', '/api/v1/notifications', ADMIN, request)).status, 201);
      const { notification, ...message } = await bob.client.next(NOTIFICATIONS, (m) => m.type < 30);
      assert.deepEqual([message.type, JSON.parse(notification?.content ?? '')], [Number(type), body]);
    }
  },
  async '6, admin push: settings, groups, permissions'({ alice, bob, groupId }) {
    const newConfig = { maxMessageLength: 2000, fileUploadLimit: 20 };
    const change = { configType: 'chat_settings', newConfig, reason: '提升用户体验' };
    await server.call('PUT', '/api/v1/admin/settings', ADMIN, change);
    const { configType, newConfig: told, changedBy, reason } = await bob.event(NOTIFICATIONS);
    assert.deepEqual(
      [configType, told, changedBy, reason],
      ['chat_settings', newConfig, 'admin', '提升用户体验'],
    );
    await server.call('POST', `/api/v1/groups/${groupId}/members`, ADMIN, { userId: 'carol' });
    const update = await alice.event(EVENTS);
    assert.deepEqual(
      [update.groupId, update.updateType, update.memberId, update.memberRole, update.updatedBy],
      [groupId, 'member_added', 'carol', 'member', 'admin'],
    );
    const permission = { permissionType: 'chat_permission', newPermission: 'read_only', reason: '广告' };
    await server.call('PUT', `/api/v1/admin/users/${alice.id}/permissions`, ADMIN, permission);
    const { oldPermission, newPermission } = await alice.event(EVENTS);
    assert.deepEqual([oldPermission, newPermission], ['full_access', 'read_only']);
  },
  async '7, events: their name is in the document'({ alice, bob, groupId }) {
    const login = {
      eventType: 'business.user.login',
      userId: alice.id,
      deviceId: 'device_001',
      loginTime: '2024-01-20T10:00:00Z',
      ipAddress: '192.168.1.100',
      clientType: 'web',
      userAgent: 'Mozilla/5.0...',
    };
    assert.equal((await server.call('POST', '/api/v1/events', ADMIN, login)).status, 202);
    const { eventId: _eventId, ...told } = await bob.event(USER_STATUS);
    assert.deepEqual(told, login);
    assert.equal((await bob.event(EVENTS)).eventType, 'business.user.login');
    await alice.client.disconnect();
    for (const place of [USER_STATUS, EVENTS]) {
      const left = await bob.eventOf(place, 'business.user.logout');
      assert.deepEqual([left.userId, left.deviceId], [alice.id, `${alice.id}-web`]);
      const { userId, status } = await bob.eventOf(place, 'business.user.status.changed');
      assert.deepEqual([userId, status], [alice.id, 'offline']);
    }
    await server.call('DELETE', `/api/v1/groups/${groupId}/members/${alice.id}`, ADMIN);
    assert.equal((await bob.event(EVENTS)).eventType, 'business.group.member.left');
  },
  async '8, sending: chat, private, edit, delete, pin, heartbeat, auth'({ alice, bob, groupId }) {
    const clientMsgId = generateClientMsgId();
    alice.send('/app/chat', { conversationId: groupId, content: 'to all', msgType: 0, clientMsgId });
    const { messageId } = (await bob.shown()).message;
    for (const status of [1, 2, 3]) await alice.status(clientMsgId, status);
    bob.send('/app/read-message', { messageId });
    await alice.status(clientMsgId, 4);
    alice.send('/app/edit-message', { messageId, newContent: 'to everybody', editReason: '用户编辑' });
    await alice.status(clientMsgId, 7);
    assert.equal((await bob.shown()).message.type, 10);
    alice.send('/app/pin-message', { messageId, pinScope: 1 });
    const { updateType } = await bob.eventOf(EVENTS, 'business.conversation.updated');
    assert.equal(updateType, 'message_pinned');
    bob.send('/app/delete-message', { messageId, deleteScope: 0, deleteReason: '用户撤回' });
    alice.send('/app/delete-message', { messageId, deleteScope: 1, deleteReason: '用户撤回' });
    await alice.status(clientMsgId, 6);
    alice.send('/app/heartbeat', { deviceId: 'web' });
    await alice.client.next(EVENTS, ({ type }) => type === 32);
    alice.send('/app/auth', { token: tokenOf(alice.id) });
    await alice.client.next(EVENTS, ({ type }) => type === 33);
    alice.send('/app/sync', {});
    const done = await alice.client.next(PRIVATE, ({ type }) => type === 34);
    assert.equal(JSON.parse(done.system?.content ?? '').complete, true);
  },
  async '9 and B, errors: EPERM and EINVAL, naming the message, and the session goes on'({ alice, bob }) {
    bob.sendPrivateMessage(alice.id, 'mine');
    const { messageId } = (await alice.shown()).message;
    alice.send('/app/edit-message', { messageId, newContent: 'not mine' });
    const refused = await alice.client.nextError();
    assert.deepEqual(
      [refused.code, refused.destination, refused.messageId],
      ['EPERM', '/app/edit-message', messageId],
    );
    const clientMsgId = alice.sendPrivateMessage(bob.id, { content: 'x', contentExtra: {} }, { msgType: 1 });
    assert.deepEqual(await alice.client.nextError(), {
      code: 'EINVAL',
      message: 'content.contentExtra.url is missing',
      destination: '/app/private-message',
      messageId: clientMsgId,
    });
    await alice.status(clientMsgId, 5);
    alice.sendPrivateMessage(bob.id, 'it goes on');
    assert.equal((await bob.shown()).content.content, 'it goes on');
  },
  async '9, reconnecting: what was missed comes at the sync, once'({ alice, bob }) {
    await bob.client.disconnect();
    const missed = alice.sendPrivateMessage(bob.id, 'missed');
    await alice.status(missed, 2);
    await bob.client.connect(headersOf(bob.id));
    for (const topic of TOPICS) bob.client.subscribe(topic);
    bob.send('/app/sync', {});
    assert.equal((await bob.shown()).message.clientMessageId, missed);
    const done = await bob.client.next(PRIVATE);
    assert.equal(JSON.parse(done.system?.content ?? '').count, 1);
  },
};

for (const [way, open] of Object.entries(WAYS)) {
  describe(`a client written from the document, ${way}`, () => {
    for (const [section, act] of Object.entries(SECTIONS)) {
      test(section, async () => {
        const [alice, bob] = [new User(open, 'alice'), new User(open, 'bob')];
        try {
          await alice.connect();
          await bob.connect();
          const groupId = await makeGroup(alice.id, bob.id);
          for (const user of [alice, bob])
            for (const updateType of ['group_created', 'member_added', 'member_added'])
              assert.equal((await user.event(EVENTS)).updateType, updateType);
          await act({ alice, bob, groupId });
        } finally {
          await Promise.all([alice.client.disconnect(), bob.client.disconnect()]);
        }
      });
    }

    test('2.2, a wrong token is refused with Unauthorized', async () => {
      const client = open(server.url);
      const headers = { ...headersOf('alice'), Authorization: 'Bearer a.b.c' };
      await assert.rejects(client.connect(headers), { message: 'Unauthorized' });
      await client.disconnect();
    });
  });
}
