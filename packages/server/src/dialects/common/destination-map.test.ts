import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CATALOGS } from '../catalogs.ts';
import { DestinationMap } from './destination-map.ts';

const PLUGIN = {
  plugin: 'shop',
  dialects: ['xuqm'],
  names: ['/app/shop.order', '/user/queue/shop.order'],
};

const mapOf = (entries: Readonly<Record<string, string>>) => DestinationMap.of(entries, CATALOGS, [PLUGIN]);

for (const [entries, line] of [
  [{ '/app/a': '/app/nowhere' }, 'destinations maps /app/a to /app/nowhere, which no protocol has'],
  [{ '/app/a': '/app/a' }, 'destinations maps /app/a to /app/a, which is the same'],
  [
    { '/app/a': '/app/b', '/app/b': '/app/a' },
    'destinations maps /app/a to /app/b, which it maps itself: name the destination that a protocol has',
  ],
  [
    { '/app/a': '/app/b', '/app/b': '/app/chat.send' },
    'destinations maps /app/a to /app/b, which it maps itself: name the destination that a protocol has',
  ],
  [{ '/app/chat.read': '/app/chat.send' }, 'destinations maps /app/chat.read, which xuqm has itself'],
  [
    { '/user/bob/queue/receipts': '/user/queue/receipts' },
    'destinations maps /user/bob/queue/receipts, which xuqm has itself',
  ],
  [{ '/topic/group/a': '/topic/group/b' }, 'destinations maps /topic/group/a, which xuqm has itself'],
  [{ '/user/bob/recive': '/user/1/recive' }, 'destinations maps /user/bob/recive, which mimi has itself'],
  [{ '/app/shop.order': '/app/chat.send' }, 'destinations maps /app/shop.order, which the plug-in shop adds'],
  [{ '/app/s*': '/topic/group/*' }, 'destinations maps /app/s*, which the plug-in shop adds'],
  [
    { '/topic/room/*': '/topic/group/a' },
    'destinations maps /topic/room/* to /topic/group/a, but * has to end both or neither',
  ],
  [{ a: '/app/chat.send' }, 'destinations maps a to /app/chat.send, but a destination begins with /'],
] as const) {
  test(`${JSON.stringify(entries)} is refused in words for the operator`, () => {
    assert.throws(() => mapOf(entries as Readonly<Record<string, string>>), {
      name: 'StartError',
      message: line,
    });
  });
}

test('a name concerns the dialects that have its target and not the name, to send or to subscribe as the target does', () => {
  const map = mapOf({
    '/app/say': '/app/chat.send',
    '/user/queue/in': '/user/queue/messages',
    '/topic/agents': '/topic/group/agents',
    // The plug-in is not for this dialect.
    '/app/shop.order': '/app/chat',
  });
  assert.ok(map);
  assert.equal(map.taking('xuqm', '/app/say'), '/app/chat.send');
  assert.equal(map.telling('xuqm', '/app/say'), '/app/say');
  assert.equal(map.taking('im', '/app/say'), '/app/say');
  for (const dialect of ['xuqm', 'desk']) {
    assert.equal(map.telling(dialect, '/user/queue/in'), '/user/queue/messages');
  }
  assert.equal(map.telling('xuqm', '/topic/agents'), '/topic/group/agents');
  assert.equal(map.telling('desk', '/topic/agents'), '/topic/agents');
  assert.equal(map.taking('im', '/app/shop.order'), '/app/chat');
});

test('a whole name goes before one with a star, and the longest of those before the others', () => {
  const map = mapOf({
    '/topic/r*': '/topic/group/r*',
    '/topic/room/*': '/topic/group/*',
    '/topic/room/lobby': '/topic/group/demo',
  });
  assert.ok(map);
  assert.equal(map.telling('xuqm', '/topic/room/lobby'), '/topic/group/demo');
  assert.equal(map.telling('xuqm', '/topic/room/a'), '/topic/group/a');
  assert.equal(map.telling('xuqm', '/topic/rest'), '/topic/group/rest');
  assert.equal(map.telling('xuqm', '/topic/other'), '/topic/other');
});

test('where nothing has another name there is no map to look at', () => {
  assert.equal(mapOf({}), undefined);
});
