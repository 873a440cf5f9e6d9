import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { CoreEvent } from '../../../core/events.ts';
import type { Message, Notification, Principal } from '../../../core/model.ts';
import { conversationTopic, tenantTopic, userTopic } from '../../../core/topics.ts';
import { ConversationFeed } from '../../../hub/conversation-feed.ts';
import type { Shape } from '../../../hub/fan-out.ts';
import { Hub } from '../../../hub/hub.ts';
import { groupMessage } from '../../../hub/message-fixture.ts';
import type { StompSubscription } from '../../../stomp/handler.ts';
import { MemoryConnection } from '../../../stomp/testing/memory-connection.ts';
import { type Batch, Payload } from '../../../transport/payload.ts';
import { Route } from './route.ts';
import { admit, type RouteOwner } from './route-kinds.ts';
import type { Target, TargetKind } from './target.ts';

const ALICE: Principal = { tenant: 't', userId: 'alice', role: 'user', name: 'Alice' };
const USER = userTopic('t', 'alice');
const TEAM = conversationTopic('t', 'team');
const SHAPE: Shape = { key: 'x', shows: [], render: (event) => Payload.text(event.type) };

/** A target of each kind, and a topic at which it is told. */
const KINDS: { readonly [Kind in TargetKind]: readonly [Target<Kind>, string, CoreEvent] } = {
  inbox: [{ kind: 'inbox' }, TEAM, created()],
  group: [{ kind: 'group', groupId: 'team' }, TEAM, created()],
  single: [
    { kind: 'single', conversationId: 'alice:bob' },
    USER,
    created({ kind: 'single', conversationId: 'alice:bob' }),
  ],
  user: [{ kind: 'user', name: 'presence' }, USER, created()],
  events: [{ kind: 'events', name: 'typing' }, TEAM, created()],
  topic: [{ kind: 'topic', name: 'board', topic: 'any' }, 'any', created()],
  notifications: [
    { kind: 'notifications', name: 'notices' },
    tenantTopic('t'),
    { type: 'notification', notification: notification('live') },
  ],
  replies: [{ kind: 'replies', name: 'errors' }, USER, created()],
};

let hub: Hub;
let owner: RouteOwner;
let told: string[];
let logged: object[];
/** What the user missed, once the store has answered. */
let untold: PromiseWithResolvers<Notification[]>;

beforeEach(() => {
  hub = new Hub(() => assert.fail('nothing fails here'));
  told = [];
  logged = [];
  untold = Promise.withResolvers();
  const feed = new ConversationFeed(hub, ALICE);
  feed.joined('team');
  const outlets = { userId: 'alice', connection: new MemoryConnection(), deliveries: { sent() {} } };
  const services = {
    hub,
    core: { notifications: { untold: () => untold.promise } },
    deliveries: { flush: async () => {} },
    log: { warn: (entry: object) => logged.push(entry) },
  };
  owner = { services, dialect: 'any', chat: { principal: ALICE, feed, outlets } } as unknown as RouteOwner;
});

for (const [kind, [target, topic, event]] of Object.entries(KINDS)) {
  test(`a route to the kind ${kind} tells from when it is connected until it is taken out`, async () => {
    const expected = kind === 'replies' ? [] : [event.type];
    const topics = hub.topicCount;
    const route = new Route(owner, target, SHAPE, subscription());
    await publish(topic, event);
    assert.deepEqual(told, []);
    route.connect();
    await publish(topic, event);
    assert.deepEqual(told, expected);
    route.disconnect();
    await publish(topic, event);
    assert.deepEqual(told, expected);
    assert.equal(hub.topicCount, topics);
  });
}

test('only members are admitted to a group', () => {
  admit({ kind: 'group', groupId: 'team' }, owner.chat);
  assert.throws(() => admit({ kind: 'group', groupId: 'others' }, owner.chat), { code: 'EPERM' });
});

test('an inbox that is reshaped tells in the new shape alone', async () => {
  const route = new Route(owner, { kind: 'inbox' }, SHAPE, subscription());
  route.connect();
  route.reshape({ key: 'y', render: () => Payload.text('other') });
  await publish(TEAM, created());
  assert.deepEqual(told, ['other']);
  assert.equal(route.shape.key, 'y');
});

test('a route to notifications tells what was missed', async () => {
  new Route(owner, { kind: 'notifications', name: 'notices' }, SHAPE, subscription()).connect();
  untold.resolve([notification('a'), notification('b')]);
  await endOfTurn();
  assert.deepEqual(told, ['notification', 'notification']);
});

test('what was missed and can not be read is logged, and live notifications go on', async () => {
  new Route(owner, { kind: 'notifications', name: 'notices' }, SHAPE, subscription()).connect();
  const err = new Error('the store is out of reach');
  untold.reject(err);
  await publish(USER, { type: 'notification', notification: notification('live') });
  assert.deepEqual(logged, [{ err, dialect: 'any' }]);
  assert.deepEqual(told, ['notification']);
});

function subscription(): StompSubscription {
  return {
    id: '1',
    destination: '/any',
    ack: 'auto',
    headers: new Map(),
    anonymous: false,
    room: Number.POSITIVE_INFINITY,
    deliver({ payloads }: Batch) {
      told.push(...payloads.map(({ data }) => data.toString()));
      return true;
    },
  };
}

async function publish(topic: string, event: CoreEvent): Promise<void> {
  hub.publish([topic], event);
  await endOfTurn();
}

/** When the hub has told what was published. */
function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function created(changes: Partial<Message> = {}): CoreEvent {
  return { type: 'message.created', message: groupMessage(1, changes), memberCount: 2 };
}

function notification(id: string): Notification {
  const body = { title: 'x', content: 'y' };
  return { tenant: 't', id, type: 'alert', body, createdBy: 'admin', at: 1, expiresAt: null, createdAt: 1 };
}
