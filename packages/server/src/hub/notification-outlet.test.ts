import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notification } from '../core/model.ts';
import { Payload } from '../transport/payload.ts';
import { FanOut, type Shape } from './fan-out.ts';
import { type Fault, Isolation } from './isolation.ts';
import { NotificationOutlet } from './notification-outlet.ts';

const SHAPE: Shape = { key: 'x', render: () => Payload.text('') };

function notification(id: string): Notification {
  const body = { title: 'x', content: 'y' };
  const times = { at: 1, expiresAt: null, createdAt: 1 };
  return { tenant: 't', id, type: 'alert', body, createdBy: 'admin', ...times };
}

function live(...ids: string[]): FanOut {
  return new FanOut(
    ids.map((id) => ({
      event: { type: 'notification', notification: notification(id) },
      payload: Payload.text(''),
    })),
  );
}

function start() {
  const told: string[] = [];
  const deliver = ({ items }: FanOut) => {
    for (const { event } of items) if (event.type === 'notification') told.push(event.notification.id);
  };
  const faults: Fault[] = [];
  const outlet = new NotificationOutlet(
    { id: 's', deliver, receive: (_shape, fanOut) => deliver(fanOut) },
    new Isolation((fault) => faults.push(fault)),
  );
  return { told, outlet, faults };
}

test('what came live while the missed ones were read is not told again', () => {
  const { told, outlet } = start();
  outlet.receive(SHAPE, live('b'));
  outlet.catchUp(SHAPE, [notification('a'), notification('b')], Number.POSITIVE_INFINITY);
  assert.deepEqual(told, ['b', 'a']);
});

test('what was told as missed is not told again when it comes live', () => {
  const { told, outlet } = start();
  outlet.catchUp(SHAPE, [notification('a')], Number.POSITIVE_INFINITY);
  outlet.receive(SHAPE, live('a', 'b'));
  outlet.receive(SHAPE, live('a'));
  assert.deepEqual(told, ['a', 'b']);
});

test('no more is told at once than the client has room for', () => {
  const { told, outlet } = start();
  outlet.catchUp(SHAPE, [notification('a'), notification('b')], 1);
  assert.deepEqual(told, ['a']);
});

test('a missed notification that has no form keeps nothing from the others', () => {
  const { told, outlet, faults } = start();
  const shape: Shape = {
    key: 'x',
    render(event) {
      if (event.type === 'notification' && event.notification.id === 'a')
        throw new RangeError('no such time');
      return Payload.text('');
    },
  };
  outlet.catchUp(shape, [notification('a'), notification('b')], Number.POSITIVE_INFINITY);
  assert.deepEqual(told, ['b']);
  assert.equal(faults.length, 1);
});
