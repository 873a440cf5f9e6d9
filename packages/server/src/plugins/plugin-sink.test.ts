import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CoreEvent, EventSink } from '../core/events.ts';
import type { Message } from '../core/model.ts';
import { Panel, type Panelist } from './panel.ts';
import { PluginSink } from './plugin-sink.ts';
import type { Manifest, Verdict } from './protocol.ts';

const NOTHING: Manifest = {
  only: {},
  intercept: [],
  listen: [],
  messageTypes: [],
  destinations: [],
  queues: [],
};

interface Asked {
  readonly text: string;
  answer(verdict: Verdict): void;
}

/** A panelist that answers when the test says so. */
function panelist(manifest: Partial<Manifest>, asked: Asked[], told: string[] = []): Panelist {
  return {
    name: 'test',
    manifest: { ...NOTHING, ...manifest },
    ask: (_hook, input) => new Promise((answer) => asked.push({ text: textOf(input as CoreEvent), answer })),
    tell: (hook) => void told.push(hook),
  };
}

function created(text: string, source = 'xuqm'): CoreEvent {
  const message = { tenant: 't', source, content: { type: 'text', text, extra: null } } as unknown as Message;
  return { type: 'message.created', message, memberCount: 2 };
}

function textOf(event: CoreEvent): string {
  return 'message' in event ? event.message.content.text : event.type;
}

function setUp(...panelists: Panelist[]) {
  const published: string[] = [];
  const kept: string[] = [];
  const hub: EventSink = {
    publish: ([topic], event) => void published.push(`${topic} ${textOf(event)}`),
    notify: ([topic], { type }) => void published.push(`${topic} notified of ${type}`),
    isShown: ([topic]) => topic === 'shown',
  };
  const sink = new PluginSink(hub, new Panel(panelists, () => {}), (event) => void kept.push(textOf(event)));
  return { sink, published, kept };
}

const PASS: Verdict = { answer: 'pass' };

test('what nobody wants is published at once', () => {
  const { sink, published } = setUp();
  sink.publish(['a'], created('one'));
  assert.deepEqual(published, ['a one']);
});

test('an event is asked about once, whatever the number of its topics', async () => {
  const asked: Asked[] = [];
  const { sink, published } = setUp(panelist({ intercept: ['message.created'] }, asked));
  sink.publish(['a', 'b'], created('one'));
  assert.equal(asked.length, 1);
  asked[0]?.answer(PASS);
  await sink.settled();
  assert.deepEqual(published, ['a one']);
});

test('the events of a topic keep their order while one waits; other topics go on', async () => {
  const asked: Asked[] = [];
  const { sink, published } = setUp(panelist({ intercept: ['message.created'] }, asked));
  sink.publish(['a'], created('one'));
  sink.publish(['a'], created('two'));
  sink.publish(['a'], { type: 'user.deleted', tenant: 't', userId: 'u' });
  sink.publish(['b'], { type: 'user.deleted', tenant: 't', userId: 'u' });
  assert.deepEqual(published, ['b user.deleted']);
  asked[1]?.answer({ answer: 'change', change: { content: { text: 'zwei' } } });
  asked[0]?.answer(PASS);
  await sink.settled();
  assert.deepEqual(published.slice(1), ['a one', 'a zwei', 'a user.deleted']);
});

test('who is let in keeps its place among what waits at the topics that it concerns', async () => {
  const asked: Asked[] = [];
  const { sink, published } = setUp(panelist({ intercept: ['message.created'] }, asked));
  const deleted = { type: 'user.deleted', tenant: 't', userId: 'u' } as const;
  sink.notify(['user', 'talk'], deleted);
  sink.publish(['talk'], created('one'));
  sink.notify(['user', 'talk'], deleted);
  sink.publish(['user'], deleted);
  asked[0]?.answer(PASS);
  await sink.settled();
  const notified = 'user notified of user.deleted';
  assert.deepEqual(published, [notified, 'talk one', notified, 'user user.deleted']);
});

test('what is refused is kept from the sessions, and holds up nothing', async () => {
  const asked: Asked[] = [];
  const { sink, published, kept } = setUp(panelist({ intercept: ['message.created'] }, asked));
  sink.publish(['a'], created('one'));
  sink.publish(['a'], created('two'));
  asked[0]?.answer({ answer: 'refuse', code: 'EPERM', message: 'no' });
  asked[1]?.answer(PASS);
  await sink.settled();
  assert.deepEqual([published, kept], [['a two'], ['one']]);
});

test('a plug-in is asked and told only of its dialects and tenants, and never of its own messages', () => {
  const asked: Asked[] = [];
  const told: string[] = [];
  const wants = { intercept: ['message.created'], listen: ['message.created'] };
  const { sink, published } = setUp(
    panelist({ ...wants, only: { dialects: ['im'] } }, asked, told),
    panelist({ ...wants, only: { tenants: ['other'] } }, asked, told),
    { ...panelist(wants, asked, told), name: 'bot' },
  );
  sink.publish(['a'], created('one', 'plugin/bot'));
  assert.deepEqual([asked.length, told.length], [1, 1], 'only the first wants what another plug-in sent');
  sink.publish(['b'], created('two', 'xuqm'));
  assert.deepEqual([asked.length, told.length], [2, 2]);
  assert.deepEqual(published, []);
});

test('events on demand are made for whoever is shown them, and for plug-ins that ask or hear of them', async () => {
  const isShown = (manifest: Partial<Manifest>) => {
    const { sink } = setUp(panelist(manifest, []));
    return (['receipt', 'message.status'] as const).map((type) => sink.isShown(['a'], type));
  };
  assert.deepEqual(isShown({ listen: ['message.created'] }), [false, false]);
  assert.deepEqual(isShown({ listen: ['receipt.read'] }), [true, false]);
  assert.deepEqual(isShown({ intercept: ['receipt.delivered'] }), [true, false]);
  assert.equal(setUp().sink.isShown(['shown'], 'receipt'), true);
});

test('events on demand are made for whoever may come while their topic waits', async () => {
  const asked: Asked[] = [];
  const { sink } = setUp(panelist({ intercept: ['message.created'] }, asked));
  sink.publish(['a'], created('one'));
  assert.deepEqual([sink.isShown(['a'], 'receipt'), sink.isShown(['b'], 'receipt')], [true, false]);
  asked[0]?.answer(PASS);
  await sink.settled();
  assert.equal(sink.isShown(['a'], 'receipt'), false);
});
