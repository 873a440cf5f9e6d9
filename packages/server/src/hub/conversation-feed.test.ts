import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { conversationTopic, userTopic } from '../core/topics.ts';
import { Payload } from '../transport/payload.ts';
import { ConversationFeed } from './conversation-feed.ts';
import type { FanOut, Shape } from './fan-out.ts';
import { Hub } from './hub.ts';
import { groupMessage } from './message-fixture.ts';

const GROUPS = Array.from({ length: 1000 }, (_, n) => `group${n}`);
const LAST = GROUPS.at(-1) as string;
const SHAPE: Shape = { key: 'inbox', shows: [], render: (event) => Payload.text(event.type) };

let hub: Hub;
let feed: ConversationFeed;
let told: string[];
const subscriber = {
  id: 'session',
  userId: 'alice',
  receive: (_shape: Shape, { items }: FanOut) => {
    for (const { event } of items) if ('message' in event) told.push(event.message.content.text);
  },
};

beforeEach(() => {
  hub = new Hub(() => assert.fail('nothing fails here'));
  feed = new ConversationFeed(hub, { tenant: 't', userId: 'alice', role: 'user', name: 'Alice' });
  told = [];
  for (const group of GROUPS) feed.joined(group);
});

function publish(group: string, text: string): void {
  const message = groupMessage(1);
  const content = { ...message.content, text };
  hub.publish([conversationTopic('t', group)], {
    type: 'message.created',
    memberCount: 2,
    message: { ...message, content },
  });
}

const prepare = () => feed.prepare('inbox', 'a', SHAPE, subscriber);
const add = () => feed.addInbox('a', SHAPE, subscriber);

test('an inbox of a user in very many groups is connected in several turns, and told from when it is added', async () => {
  const preparing = prepare();
  assert.ok(preparing);
  assert.ok(hub.topicCount > 0 && hub.topicCount < GROUPS.length / 2, `${hub.topicCount} at once`);
  publish('group0', 'while it was connected');
  await preparing;
  assert.equal(hub.topicCount, GROUPS.length);
  publish('group0', 'in the same turn, before');
  add();
  publish('group0', 'one');
  publish(LAST, 'two');
  await endOfTurn();
  assert.deepEqual(told, ['one', 'two']);
});

test('groups that are joined and left while an inbox is connected are told, and not', async () => {
  const preparing = prepare();
  feed.joined('new');
  feed.left(LAST);
  feed.left('group0');
  await preparing;
  add();
  for (const group of ['group0', LAST, 'new', 'group1']) publish(group, group);
  await endOfTurn();
  assert.deepEqual(told, ['new', 'group1']);
});

test('a session that ends while its inbox is connected, or later, is told nothing and leaves nothing', async () => {
  for (const isAdded of [false, true]) {
    const preparing = prepare();
    if (isAdded) {
      await preparing;
      add();
    }
    feed.close();
    publish(LAST, 'after its end');
    hub.publish([userTopic('t', 'alice')], {
      type: 'message.created',
      memberCount: 2,
      message: groupMessage(1),
    });
    await preparing;
    while (hub.topicCount > 0) await endOfTurn();
    assert.deepEqual(told, []);
    for (const group of GROUPS) feed.joined(group);
  }
});

test('an inbox of very many groups is told nothing from when it is removed, and taken out in several turns', async () => {
  await prepare();
  add();
  publish(LAST, 'in the same turn, before');
  feed.removeInbox('a');
  assert.ok(hub.topicCount > GROUPS.length / 2, `${hub.topicCount} are left of ${GROUPS.length}`);
  publish(LAST, 'after');
  while (hub.topicCount > 0) await endOfTurn();
  assert.deepEqual(told, []);
});

test('an inbox that takes the place of one that is still being taken out is told of every group', async () => {
  await prepare();
  add();
  feed.removeInbox('a');
  const preparing = prepare();
  await preparing;
  add();
  while (hub.topicCount <= GROUPS.length) await endOfTurn();
  for (let turn = 0; turn < 10; turn++) await endOfTurn();
  for (const group of GROUPS) publish(group, group);
  await endOfTurn();
  assert.deepEqual(told, GROUPS);
});

test('an inbox of few groups is added at once', () => {
  const few = new ConversationFeed(hub, { tenant: 't', userId: 'bob', role: 'user', name: 'Bob' });
  few.joined('group0');
  assert.equal(few.prepare('inbox', 'a', SHAPE, subscriber), undefined);
  few.addInbox('a', SHAPE, subscriber);
  assert.equal(hub.topicCount, 2);
});
