import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definitionOf, manifestOf } from './definition.ts';

const nothing = (): undefined => undefined;

test('a manifest names what the hooks ask for', () => {
  const manifest = manifestOf({
    only: { dialects: ['im'] },
    intercept: { 'message.send': nothing },
    listen: { 'receipt.read': nothing },
    messageTypes: { 'x.poll': { schema: { type: 'object' } } },
    destinations: {
      '/app/shop.order': { handle: nothing },
      '/shop/orders/new': { handle: nothing },
      '/orders': { handle: nothing, queue: '/topic/orders' },
    },
    queues: ['/user/queue/prices'],
  });
  assert.deepEqual(manifest, {
    only: { dialects: ['im'] },
    intercept: ['message.send'],
    listen: ['receipt.read'],
    messageTypes: ['x.poll'],
    destinations: [
      { name: '/app/shop.order', queue: '/user/queue/shop.order' },
      { name: '/shop/orders/new', queue: '/user/queue/orders/new' },
      { name: '/orders', queue: '/topic/orders' },
    ],
    queues: ['/user/queue/prices'],
  });
});

for (const [what, hooks, message] of [
  ['no hooks', undefined, /^setup must return an object of hooks$/],
  ['an unknown hook', { intercepts: {} }, /^"intercepts" is not known as a hook; known are only, intercept/],
  [
    'an unknown question',
    { intercept: { 'message.sent': nothing } },
    /^"message.sent" is not known as intercept/,
  ],
  ['an unknown event', { listen: { 'message.send': nothing } }, /^"message.send" is not known as listen/],
  ['no function', { listen: { 'message.created': 1 } }, /^listen\["message.created"\] must be a function$/],
  ['a type without a dot', { messageTypes: { poll: { schema: {} } } }, /needs a name such as x.poll$/],
  ['a type without a schema', { messageTypes: { 'x.poll': {} } }, /^the message type x.poll needs a schema$/],
  [
    'a destination without a slash',
    { destinations: { 'shop.order': { handle: nothing } } },
    /such as \/app\/shop.order$/,
  ],
  [
    'a destination without code',
    { destinations: { '/app/x.a': {} } },
    /^the destination \/app\/x.a needs a function/,
  ],
  ['queues that are no list', { queues: '/topic/a' }, /^queues must be a list of texts$/],
  ['a queue with blanks', { queues: ['/topic/a b'] }, /^the queue "\/topic\/a b" needs a name/],
  [
    'a destination that answers nowhere',
    { destinations: { '/app/a': { handle: nothing, queue: 'a' } } },
    /^the queue "a" needs a name/,
  ],
  ['a scope that is no list', { only: { dialects: 'im' } }, /^only.dialects must be a list of texts$/],
] as const) {
  test(`${what} is refused in words for the author`, () => {
    assert.throws(() => manifestOf(hooks), { message });
  });
}

test('a module without a plug-in as its default export is refused', () => {
  for (const module of [{}, { default: () => {} }, { default: { setup: 1 } }]) {
    assert.throws(() => definitionOf(module), { message: /^its default export is no plug-in/ });
  }
});
