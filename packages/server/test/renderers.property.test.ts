import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeImJson, encodeImProtobuf } from '@haina/wire';
import fc from 'fast-check';
import type { CoreEvent, MessageCreated, OnDemandType } from '../src/core/events.ts';
import { factsOf } from '../src/core/facts.ts';
import { addedQueueShape } from '../src/dialects/common/added-destination.ts';
import { type BodyWriter, stompContentShape, stompShape } from '../src/dialects/common/stomp-shape.ts';
import { broadcastContent } from '../src/dialects/desk/broadcast.ts';
import * as desk from '../src/dialects/desk/render.ts';
import { type EventRenderer, RENDERERS, SHOWN_ON_DEMAND } from '../src/dialects/im/render.ts';
import * as mimi from '../src/dialects/mimi/render.ts';
import { ROOM_SHAPE } from '../src/dialects/room/render.ts';
import * as xuqm from '../src/dialects/xuqm/render.ts';
import { Deliveries } from '../src/hub/deliveries.ts';
import type { Shape } from '../src/hub/fan-out.ts';
import { Hub } from '../src/hub/hub.ts';
import type { Fault } from '../src/hub/isolation.ts';
import { groupMessage } from '../src/hub/message-fixture.ts';
import type { AckMode, StompSubscription } from '../src/stomp/handler.ts';
import { arbitraryEvent, brokenEvent } from './support/arbitrary-events.ts';

const NOW = 1_767_225_600_000;

function subscription(ack: AckMode): StompSubscription {
  const headers = new Map<string, string>();
  const deliver = () => true;
  return { id: 'sub-0', destination: '/user/queue/x', ack, headers, anonymous: false, room: 1, deliver };
}

/** A body at each of the versions, as those differ in what headers may hold. */
const inEveryVersion = (name: string, write: BodyWriter, shows: readonly OnDemandType[] = []): Shape[] =>
  (['1.0', '1.1', '1.2'] as const).map((version) =>
    stompShape(name, version, subscription(version === '1.2' ? 'client' : 'auto'), { write, shows }),
  );

const imBodies = (name: string, render: EventRenderer): Shape[] => {
  const json: BodyWriter = (event) => {
    const message = render(event, NOW);
    return message && Buffer.from(encodeImJson(message));
  };
  const protobuf: BodyWriter = (event) => {
    const message = render(event, NOW);
    return message && encodeImProtobuf(message);
  };
  const shows = SHOWN_ON_DEMAND[name];
  return [
    ...inEveryVersion(`im/${name}/json`, json, shows),
    ...inEveryVersion(`im/${name}/protobuf`, protobuf, shows),
  ];
};

/** All forms that any dialect has for any event. */
const SHAPES: readonly Shape[] = [
  ...inEveryVersion('xuqm/messages', xuqm.messageBody),
  ...inEveryVersion('xuqm/receipts', xuqm.receiptBody, ['receipt']),
  ...Object.entries(RENDERERS).flatMap(([name, render]) => imBodies(name, render)),
  ...inEveryVersion('mimi', mimi.messageBody),
  ...inEveryVersion('desk/customer', desk.customerBody, ['receipt']),
  ...inEveryVersion('desk/agent', desk.agentBody, ['receipt']),
  ...inEveryVersion('desk/board', desk.boardBody),
  ...[true, false].map((binary) =>
    stompContentShape(`desk/broadcast/${binary}`, '1.2', subscription('auto'), {
      write: broadcastContent(binary),
      shows: [],
    }),
  ),
  ROOM_SHAPE,
  addedQueueShape('1.2', subscription('auto'), '/user/queue/added'),
];

/** Tells events to a subscriber of every shape; what each of them got, and what failed. */
async function tell(events: readonly CoreEvent[]) {
  const faults: Fault[] = [];
  const hub = new Hub((fault) => faults.push(fault));
  const got = new Map<string, CoreEvent[]>();
  const failed: unknown[] = [];
  const deliveries = new Deliveries({
    receipts: { isAwaited: () => true, report: async () => {} },
    notifications: { told: async () => {} },
    maxReceiptMembers: 200,
    onError: (error) => failed.push(error),
  });
  const connection = { enqueuedBytes: 0, queuedBytes: 0, isOpen: true };
  for (const shape of SHAPES) {
    hub.subscribe('topic', shape, {
      id: shape.key,
      receive(_shape, fanOut) {
        got.set(
          shape.key,
          fanOut.items.map(({ event }) => event),
        );
        deliveries.sent({ userId: 'bob', connection }, fanOut);
      },
    });
  }
  for (const event of events) hub.publish(['topic'], event);
  await new Promise((resolve) => setImmediate(resolve));
  await deliveries.close();
  return { got, faults, failed };
}

test('every renderer of every dialect, and every fact, has a form for whatever the core publishes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryEvent, { minLength: 1, maxLength: 4 }), async (events) => {
      const { faults, failed } = await tell(events);
      assert.deepEqual([...faults, ...failed], []);
      for (const event of events) factsOf(event, NOW);
    }),
    { numRuns: 300 },
  );
});

test('what is made on demand is rendered by those forms only that say so', async () => {
  await fc.assert(
    fc.property(arbitraryEvent, (event) => {
      const { type } = event;
      if (type !== 'receipt' && type !== 'message.status') return;
      assert.deepEqual(factsOf(event, NOW), []);
      for (const { key, shows, render } of SHAPES) {
        assert.equal(render(event) !== undefined, shows?.includes(type), `${key} ${type}`);
      }
    }),
    { numRuns: 1000 },
  );
});

test('an event that no renderer can read is lost for that form only', async () => {
  const created = (seq: number): MessageCreated => ({
    type: 'message.created',
    message: groupMessage(seq),
    memberCount: 2,
  });
  await fc.assert(
    fc.asyncProperty(brokenEvent, async (broken) => {
      const [before, after] = [created(1), created(2)];
      const { got } = await tell([before, broken, after]);
      for (const key of SHAPES.filter((shape) => shape.render(before)).map((shape) => shape.key)) {
        const others = got.get(key)?.filter((event) => event !== broken);
        assert.deepEqual(others, [before, after], key);
      }
    }),
    { numRuns: 300 },
  );
});
