import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFromPlugin } from './from-plugin.ts';

const MANIFEST = { only: {}, intercept: [], listen: [], messageTypes: [], destinations: [], queues: [] };

for (const message of [
  {
    ready: {
      ...MANIFEST,
      only: { dialects: ['xuqm'] },
      intercept: ['message.send'],
      messageTypes: ['x.poll'],
      destinations: [{ name: '/app/shop.order', queue: '/user/queue/shop.order' }],
      queues: ['/topic/prices'],
    },
  },
  { unfit: 'it needs words' },
  { done: [], begun: 3 },
  {
    done: [
      { id: 1, verdict: { answer: 'pass' } },
      { id: 2, failure: 'Error' },
    ],
    begun: 2,
  },
  { done: [{ id: 1, verdict: { answer: 'change', change: { content: { text: 'x' } } } }], begun: 0 },
  { done: [{ id: 1, verdict: { answer: 'refuse', code: 'EPERM', message: 'no' } }], begun: 0 },
  { reply: null, id: 1 },
  { hostCall: { id: 1, method: 'send', args: [] } },
  { fault: 'Error', hook: 'close' },
]) {
  test(`${JSON.stringify(message)} is a message of a plug-in`, () => {
    assert.deepEqual(readFromPlugin(JSON.stringify(message)), message);
  });
}

for (const json of [
  '',
  '{',
  'null',
  '"ready"',
  '[]',
  '{}',
  '{"ready":true}',
  JSON.stringify({ ready: { ...MANIFEST, intercept: ['message.sent'] } }),
  JSON.stringify({ ready: { ...MANIFEST, destinations: ['/app/shop.order'] } }),
  JSON.stringify({ ready: { ...MANIFEST, queues: ['prices'] } }),
  '{"done":[],"begun":-1}',
  '{"done":[],"begun":1e400}',
  '{"done":[{"id":-1,"verdict":{"answer":"pass"}}],"begun":1}',
  '{"done":[{"id":1,"verdict":{"answer":"perhaps"}}],"begun":1}',
  '{"done":[{"id":1,"verdict":{"answer":"refuse","code":"EWHATEVER","message":"no"}}],"begun":1}',
  '{"done":[{"id":1,"verdict":{"answer":"change","change":"x"}}],"begun":1}',
  '{"done":[{"id":1,"verdict":{"answer":"change","change":{"__proto__":{}}}}],"begun":1}',
  '{"reply":1}',
  '{"hostCall":{"id":1,"method":"stop","args":[]}}',
]) {
  test(`${json || 'nothing'} is no message of a plug-in`, () => {
    assert.throws(() => readFromPlugin(json), /^Error: it wrote what is no message of a plug-in$/);
  });
}
