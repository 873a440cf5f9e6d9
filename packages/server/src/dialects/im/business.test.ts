import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImMessageStatus } from '@haina/wire';
import type { BusinessEventTold } from '../../core/events.ts';
import { renderBusinessEvent } from './business.ts';
import { encode } from './encoding.ts';

function told(eventType: string): BusinessEventTold {
  const event = { eventId: 'e1', eventType };
  return {
    type: 'business',
    tenant: 't',
    category: 'message',
    event,
    source: 'api',
    isPersonal: false,
    at: 1,
  };
}

for (const eventType of ['toString', 'constructor', '__proto__', 'communication.message.pinned']) {
  test(`an event of the type ${eventType} says nothing of a message's status, and goes out in both encodings`, () => {
    const message = renderBusinessEvent(told(eventType));
    assert.equal(message?.status, ImMessageStatus.MESSAGE_NORMAL);
    for (const encoding of ['json', 'protobuf'] as const) assert.ok(encode(message, encoding).length > 0);
  });
}

test('an event that tells what became of a message has its status', () => {
  const { status } = renderBusinessEvent(told('communication.message.recalled')) ?? {};
  assert.equal(status, ImMessageStatus.MESSAGE_RECALLED);
});
