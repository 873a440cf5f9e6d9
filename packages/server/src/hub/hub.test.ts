import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CoreEvent, MessageCreated } from '../core/events.ts';
import { conversationTopic, userTopic } from '../core/topics.ts';
import { Payload } from '../transport/payload.ts';
import { ConversationFeed } from './conversation-feed.ts';
import type { FanOut, Shape } from './fan-out.ts';
import { Hub, type Subscriber } from './hub.ts';
import type { Fault } from './isolation.ts';
import { groupMessage } from './message-fixture.ts';

function created(seq: number, originSession?: string): MessageCreated {
  return {
    type: 'message.created',
    message: groupMessage(seq),
    memberCount: 2,
    ...(originSession === undefined ? {} : { originSession }),
  };
}

/** A shape that counts how often it renders. */
function countingShape(key: string): Shape & { rendered: number } {
  return {
    key,
    rendered: 0,
    render(event: CoreEvent) {
      if (event.type !== 'message.created') return undefined;
      this.rendered++;
      return Payload.text(event.message.content.text);
    },
  };
}

class Inbox implements Subscriber {
  readonly id: string;
  readonly fanOuts: FanOut[] = [];

  constructor(id: string) {
    this.id = id;
  }

  receive(_shape: Shape, fanOut: FanOut): void {
    this.fanOuts.push(fanOut);
  }

  get texts(): string[] {
    return this.fanOuts.flatMap(({ batch }) => batch.payloads.map(({ data }) => data.toString()));
  }
}

function rethrow({ error }: Fault): never {
  throw error;
}

const afterTick = () => new Promise((resolve) => setImmediate(resolve));

test('what a tick brings is rendered once a shape and handed over as one shared batch', async () => {
  const hub = new Hub(rethrow);
  const shape = countingShape('a');
  const inboxes = ['1', '2', '3'].map((id) => new Inbox(id));
  for (const inbox of inboxes) hub.subscribe('topic', shape, inbox);
  hub.publish(['topic'], created(1));
  hub.publish(['topic'], created(2));
  await afterTick();
  assert.equal(shape.rendered, 2);
  for (const inbox of inboxes) assert.deepEqual(inbox.texts, ['m1', 'm2']);
  assert.equal(new Set(inboxes.map(({ fanOuts }) => fanOuts[0]?.batch)).size, 1);
});

test('the session that caused an event does not get it, but all others of the tick', async () => {
  const hub = new Hub(rethrow);
  const shape = countingShape('a');
  const [one, two] = [new Inbox('1'), new Inbox('2')];
  hub.subscribe('topic', shape, one);
  hub.subscribe('topic', shape, two);
  hub.publish(['topic'], created(1, '1'));
  hub.publish(['topic'], created(2, '2'));
  hub.publish(['topic'], created(3));
  await afterTick();
  assert.deepEqual(one.texts, ['m2', 'm3']);
  assert.deepEqual(two.texts, ['m1', 'm3']);
});

test('who unsubscribed before the tick ended gets nothing, and an unused topic is forgotten', async () => {
  const hub = new Hub(rethrow);
  const shape = countingShape('a');
  const inbox = new Inbox('1');
  hub.subscribe('topic', shape, inbox);
  assert.equal(hub.topicCount, 1);
  hub.publish(['topic'], created(1));
  hub.unsubscribe('topic', shape, inbox);
  await afterTick();
  assert.deepEqual(inbox.texts, []);
  assert.equal(hub.topicCount, 0);
});

test('who subscribes while events gather gets those alone that are published afterwards', async () => {
  const hub = new Hub(rethrow);
  const shape = countingShape('a');
  const [first, ...late] = ['1', '2', '3', '4'].map((id) => new Inbox(id)) as [Inbox, Inbox, Inbox, Inbox];
  hub.subscribe('topic', shape, first);
  hub.publish(['topic'], created(1));
  for (const inbox of late.slice(0, 2)) hub.subscribe('topic', shape, inbox);
  hub.subscribe('topic', shape, first);
  hub.publish(['topic'], created(2, '2'));
  hub.publish(['topic'], created(3));
  hub.subscribe('topic', shape, late[2]);
  await afterTick();
  assert.deepEqual(
    [first, ...late].map(({ texts }) => texts),
    [['m1', 'm2', 'm3'], ['m3'], ['m2', 'm3'], []],
  );
  hub.publish(['topic'], created(4));
  await afterTick();
  assert.deepEqual(
    late.map(({ texts }) => texts.at(-1)),
    ['m4', 'm4', 'm4'],
  );
  assert.equal(shape.rendered, 4, 'once an event, whoever came when');
});

test('who joins a conversation is told what it was told before first, then what follows, each once', async () => {
  const hub = new Hub(rethrow);
  const { feed, inbox } = feedOf(hub);
  feed.addInbox('sub-1', countingShape('inbox'), inbox);
  const other = new Inbox('other');
  hub.subscribe('conversation/t/team', countingShape('inbox'), other);
  const publish = (topic: string, ...seqs: number[]) => {
    for (const seq of seqs) hub.publish([topic], created(seq));
  };
  publish('conversation/t/team', 44, 45, 46);
  publish(userTopic('t', 'bob'), 43, 44, 45, 46);
  feed.joined('team');
  publish('conversation/t/team', 47);
  await afterTick();
  assert.deepEqual(inbox.texts, ['m43', 'm44', 'm45', 'm46', 'm47']);
  assert.deepEqual(other.texts, ['m44', 'm45', 'm46', 'm47']);
});

test('who leaves a conversation gets what it was told until then, in order, and nothing of after, each time', async () => {
  const hub = new Hub(rethrow);
  const { feed, inbox } = feedOf(hub);
  feed.addInbox('sub-1', countingShape('inbox'), inbox);
  const other = new Inbox('other');
  hub.subscribe('conversation/t/team', countingShape('inbox'), other);
  const publish = (topic: string, seq: number) => hub.publish([topic], created(seq));
  publish('conversation/t/team', 1);
  publish(userTopic('t', 'bob'), 2);
  feed.joined('team');
  publish('conversation/t/team', 3);
  feed.left('team');
  publish('conversation/t/team', 4);
  feed.joined('team');
  publish('conversation/t/team', 5);
  feed.left('team');
  publish('conversation/t/team', 6);
  await afterTick();
  assert.deepEqual(inbox.texts, ['m2', 'm3', 'm5']);
  assert.deepEqual(other.texts, ['m1', 'm3', 'm4', 'm5', 'm6']);
  feed.joined('team');
  publish('conversation/t/team', 7);
  feed.close();
  await afterTick();
  assert.equal(inbox.texts.at(-1), 'm5', 'a session that ends gets nothing more');
});

test('a subscription that takes the place of another loses nothing of the tick, and gets nothing of before', async () => {
  const hub = new Hub(rethrow);
  const { feed, inbox, topic } = feedOf(hub);
  const publish = (seq: number) => hub.publish(['conversation/t/team'], created(seq));
  feed.addInbox('sub-1', countingShape('inbox'), inbox);
  hub.subscribe('conversation/t/team', countingShape('inbox'), new Inbox('other'));
  publish(1);
  feed.joined('team');
  publish(2);
  feed.addGroupSubscription('team', 'sub-2', countingShape('topic'), topic);
  await afterTick();
  assert.deepEqual([inbox.texts, topic.texts], [[], ['m2']]);
  publish(3);
  feed.removeGroupSubscription('team', 'sub-2');
  await afterTick();
  assert.deepEqual([inbox.texts, topic.texts], [['m3'], ['m2']]);
  const single = new Inbox('s');
  const message = groupMessage(4, { kind: 'single', targetId: 'bob', conversationId: 'single:alice:bob' });
  hub.publish([userTopic('t', 'bob')], { type: 'message.created', message, memberCount: 2 });
  feed.addSingleSubscription('single:alice:bob', 'sub-3', countingShape('single'), single);
  await afterTick();
  assert.deepEqual([inbox.texts, single.texts], [['m3'], ['m4']]);
});

test('a listener is told at once', () => {
  const hub = new Hub(rethrow);
  const heard: CoreEvent[] = [];
  const listener = (event: CoreEvent) => heard.push(event);
  hub.listen('topic', listener);
  hub.publish(['topic'], created(1));
  hub.unlisten('topic', listener);
  hub.publish(['topic'], created(2));
  assert.equal(heard.length, 1);
  assert.equal(hub.topicCount, 0);
});

const PRINCIPAL = { tenant: 't', userId: 'bob', role: 'user', name: 'bob' } as const;

function feedOf(hub: Hub) {
  const feed = new ConversationFeed(hub, PRINCIPAL);
  const [inbox, topic] = [new Inbox('s'), new Inbox('s')];
  const tell = async (seq: number) => {
    hub.publish(['conversation/t/team'], created(seq));
    await afterTick();
  };
  return { feed, inbox, topic, tell };
}

test('a group message comes to the inbox until the session subscribes to the group, never to both', async () => {
  const hub = new Hub(rethrow);
  const { feed, inbox, topic, tell } = feedOf(hub);
  feed.joined('team');
  feed.addInbox('sub-1', countingShape('inbox'), inbox);
  await tell(1);
  feed.addGroupSubscription('team', 'sub-2', countingShape('topic'), topic);
  await tell(2);
  feed.removeGroupSubscription('team', 'sub-2');
  await tell(3);
  assert.deepEqual(inbox.texts, ['m1', 'm3']);
  assert.deepEqual(topic.texts, ['m2']);
});

test('a group subscription made before the inbox keeps the group out of it', async () => {
  const hub = new Hub(rethrow);
  const { feed, inbox, topic, tell } = feedOf(hub);
  feed.joined('team');
  feed.addGroupSubscription('team', 'sub-2', countingShape('topic'), topic);
  feed.addInbox('sub-1', countingShape('inbox'), inbox);
  await tell(1);
  assert.deepEqual([inbox.texts, topic.texts], [[], ['m1']]);
});

const SINGLE = { kind: 'single', targetId: 'bob' } as const;

test('a single message comes to the subscription of its conversation or else to the inbox, rendered nowhere else', async () => {
  const hub = new Hub(rethrow);
  const { feed, inbox, topic } = feedOf(hub);
  const [shape, otherShape] = [countingShape('single'), countingShape('other')];
  feed.addInbox('sub-1', countingShape('inbox'), inbox);
  feed.addSingleSubscription('single:alice:bob', 'sub-2', shape, topic);
  feed.addSingleSubscription('single:bob:carol', 'sub-3', otherShape, new Inbox('s'));
  const tell = async (seq: number, conversationId: string) => {
    const message = groupMessage(seq, { ...SINGLE, conversationId });
    hub.publish([userTopic('t', 'bob')], { type: 'message.created', message, memberCount: 2 });
    await afterTick();
  };
  await tell(1, 'single:alice:bob');
  await tell(2, 'single:bob:dave');
  feed.removeSingleSubscription('single:alice:bob', 'sub-2');
  await tell(3, 'single:alice:bob');
  assert.deepEqual([inbox.texts, topic.texts], [['m2', 'm3'], ['m1']]);
  assert.deepEqual([shape.rendered, otherShape.rendered], [1, 0]);
  feed.close();
  assert.equal(hub.topicCount, 0);
});

test('joining and leaving a group takes effect on live subscriptions', async () => {
  const hub = new Hub(rethrow);
  const { feed, inbox, topic, tell } = feedOf(hub);
  feed.addInbox('sub-1', countingShape('inbox'), inbox);
  await tell(1);
  feed.joined('team');
  await tell(2);
  feed.addGroupSubscription('team', 'sub-2', countingShape('topic'), topic);
  feed.left('team');
  await tell(3);
  feed.joined('team');
  await tell(4);
  assert.deepEqual(inbox.texts, ['m2']);
  assert.deepEqual(topic.texts, ['m4']);
  feed.close();
  assert.equal(hub.topicCount, 0);
});

test('a shape that fails to render an event loses that event, and nobody else anything', async () => {
  const faults: Fault[] = [];
  const hub = new Hub((fault) => faults.push(fault));
  const broken: Shape = {
    key: 'broken',
    render(event) {
      if (event.type === 'message.created' && event.message.seq === 2) throw new RangeError('no such time');
      return countingShape('x').render(event);
    },
  };
  const [one, two] = [new Inbox('1'), new Inbox('2')];
  hub.subscribe('topic', broken, one);
  hub.subscribe('topic', countingShape('whole'), two);
  for (const seq of [1, 2, 3]) hub.publish(['topic'], created(seq));
  await afterTick();
  assert.deepEqual(one.texts, ['m1', 'm3']);
  assert.deepEqual(two.texts, ['m1', 'm2', 'm3']);
  assert.deepEqual(
    faults.map(({ stage, events, shape }) => ({ stage, events, shape })),
    [{ stage: 'render', events: ['message.created'], shape: 'broken' }],
  );
});

test('a subscriber and a listener that fail keep nothing from the others, nor from later topics', async () => {
  const faults: Fault[] = [];
  const hub = new Hub((fault) => faults.push(fault));
  const shape = countingShape('a');
  const fail = (): never => {
    throw new Error('out of order');
  };
  const [one, two] = [new Inbox('1'), new Inbox('2')];
  hub.listen('topic', fail);
  hub.subscribe('topic', shape, { id: '0', receive: fail });
  hub.subscribe('topic', shape, one);
  hub.subscribe('later', shape, two);
  hub.publish(['topic', 'later'], created(1));
  await afterTick();
  assert.deepEqual([...one.texts, ...two.texts], ['m1', 'm1']);
  assert.deepEqual(
    faults.map(({ stage }) => stage),
    ['listen', 'receive'],
  );
});

test('who may not see what an event is about is not told, and those who get the same share it', async () => {
  const hub = new Hub(rethrow);
  const shape: Shape = {
    key: 'all',
    render: (event) => ('message' in event ? Payload.text(`${event.type} ${event.message.seq}`) : undefined),
  };
  const enter = (userId: string) => {
    const inbox = Object.assign(new Inbox(`session of ${userId}`), { userId });
    hub.subscribe('room', shape, inbox);
    return inbox;
  };
  const [ann, ben, cat, dan] = [enter('ann'), enter('ben'), enter('cat'), enter('dan')];
  const edited = (seq: number, unseenBy: readonly string[]): CoreEvent => ({
    type: 'message.changed',
    change: 'edited',
    message: groupMessage(seq),
    actorId: 'ann',
    unseenBy,
  });
  hub.publish(['room'], edited(1, ['ben', 'cat', 'dan']));
  hub.publish(['room'], created(3));
  hub.publish(['room'], edited(2, ['dan']));
  await afterTick();
  const [first, second, third] = ['message.changed 1', 'message.created 3', 'message.changed 2'];
  assert.deepEqual([ann.texts, ben.texts, dan.texts], [[first, second, third], [second, third], [second]]);
  assert.equal(ben.fanOuts[0], cat.fanOuts[0]);
  hub.publish(['room'], edited(1, ['dan']));
  await afterTick();
  assert.deepEqual([ann.fanOuts.length, dan.fanOuts.length], [2, 1]);
});

test('an inbox that gets another shape is told everything of the tick once, of its user and of its groups', async () => {
  const hub = new Hub(rethrow);
  const feed = new ConversationFeed(hub, { tenant: 't', userId: 'bob', role: 'user', name: 'bob' });
  const [former, later] = [countingShape('former'), countingShape('later')];
  const inbox = new Inbox('1');
  feed.joined('team');
  feed.addInbox('sub', former, inbox);
  const topics = [userTopic('t', 'bob'), conversationTopic('t', 'team')];
  for (const [at, topic] of topics.entries()) hub.publish([topic], created(at + 1));
  feed.reshapeInbox('sub', later);
  for (const [at, topic] of topics.entries()) hub.publish([topic], created(at + 3));
  await afterTick();
  assert.deepEqual([...inbox.texts].sort(), ['m1', 'm2', 'm3', 'm4']);
  assert.deepEqual([former.rendered, later.rendered], [0, 4]);
  feed.close();
  assert.equal(hub.topicCount, 0);
});

test('an event on demand is shown at a topic where a subscribed shape tells it', () => {
  const hub = new Hub(rethrow);
  const shape = (key: string, shows?: Shape['shows']): Shape => ({
    key,
    ...(shows ? { shows } : {}),
    render: () => undefined,
  });
  const inbox = new Inbox('1');
  const [plain, receipts] = [shape('plain', []), shape('receipts', ['receipt'])];
  hub.subscribe('a', plain, inbox);
  hub.listen('a', () => {});
  assert.equal(hub.isShown(['a', 'nowhere'], 'receipt'), false);
  hub.subscribe('b', receipts, inbox);
  assert.equal(hub.isShown(['a', 'b'], 'receipt'), true);
  assert.equal(hub.isShown(['a', 'b'], 'message.status'), false);
  hub.unsubscribe('b', receipts, inbox);
  assert.equal(hub.isShown(['a', 'b'], 'receipt'), false);
  hub.subscribe('a', shape('says nothing of it'), inbox);
  assert.equal(hub.isShown(['a'], 'receipt'), true);
});
