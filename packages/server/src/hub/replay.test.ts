import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PendingPage } from '../core/ports/position-store.ts';
import { Payload } from '../transport/payload.ts';
import { FanOut, type FanOutItem, type Shape } from './fan-out.ts';
import { type Fault, Isolation } from './isolation.ts';
import { groupMessage } from './message-fixture.ts';
import { Replay, type ReplaySource, type ReplayTarget } from './replay.ts';

const PRINCIPAL = { tenant: 't', userId: 'bob', role: 'user', name: 'bob' } as const;

const SHAPE: Shape = {
  key: 'shape',
  render: (event) => ('message' in event ? Payload.text(event.message.content.text) : undefined),
};

function live(...seqs: number[]): FanOut {
  return new FanOut(
    seqs.map((seq): FanOutItem => {
      const event = {
        type: 'message.created' as const,
        message: groupMessage(seq),
        memberCount: 2,
      };
      return { event, payload: SHAPE.render(event) as Payload };
    }),
  );
}

function setUp(pages: PendingPage[], room = Number.POSITIVE_INFINITY) {
  const told: string[] = [];
  const known: unknown[] = [];
  const faults: Fault[] = [];
  const limits: number[] = [];
  const deliver = (fanOut: FanOut) =>
    void told.push(...fanOut.items.map(({ payload }) => payload.data.toString()));
  let onPage = (_index: number) => {};
  let index = 0;
  const source: ReplaySource = {
    async pending(_actor, { limit }) {
      limits.push(limit);
      onPage(index);
      return pages[index++] as PendingPage;
    },
    async barrier() {},
    async knows(_actor, revisions) {
      known.push(...revisions);
    },
  };
  const target: ReplayTarget = {
    outlets: [{ shape: SHAPE, deliver }],
    room,
    isOpen: true,
    async drained() {},
  };
  return {
    replay: new Replay(PRINCIPAL, source, target, new Isolation((fault) => faults.push(fault))),
    deliver,
    told,
    known,
    faults,
    limits,
    onPage(callback: (index: number) => void) {
      onPage = callback;
    },
  };
}

const cursor = { conversationId: 'team', revision: 0, seq: 2 };

test('pages are told in order, and live messages follow without repeating any', async () => {
  const { replay, deliver, told } = setUp([
    { messages: [groupMessage(1), groupMessage(2)], changedIds: [], revisions: [], next: cursor },
    { messages: [groupMessage(3), groupMessage(4)], changedIds: [], revisions: [] },
  ]);
  assert.deepEqual(await replay.run({}), { count: 4, complete: true });
  replay.hold(live(4, 5), deliver);
  replay.hold(live(6), deliver);
  replay.release();
  assert.deepEqual(told, ['m1', 'm2', 'm3', 'm4', 'm5', 'm6']);
});

test('what another session of the user was delivered meanwhile is neither skipped nor told out of order', async () => {
  const { replay, deliver, told, onPage } = setUp([
    { messages: [groupMessage(1)], changedIds: [], revisions: [], next: cursor },
    { messages: [groupMessage(4)], changedIds: [], revisions: [] },
  ]);
  onPage((index) => {
    if (index === 1) replay.hold(live(2, 3), deliver);
  });
  assert.deepEqual(await replay.run({}), { count: 1, complete: true });
  replay.hold(live(4), deliver);
  replay.release();
  assert.deepEqual(told, ['m1', 'm2', 'm3', 'm4']);
});

test('a client that must acknowledge first gets what it has room for, and a verdict that says so', async () => {
  const { replay, told } = setUp([], 0);
  assert.deepEqual(await replay.run({}), { count: 0, complete: false });
  assert.deepEqual(told, []);
});

test('when too much comes meanwhile it is left for the next sync, and the verdict says so', async () => {
  const { replay, deliver, told, onPage } = setUp([
    { messages: [groupMessage(1)], changedIds: [], revisions: [] },
  ]);
  onPage(() => {
    for (let seq = 2; seq < 6000; seq++) replay.hold(live(seq), deliver);
  });
  assert.deepEqual(await replay.run({}), { count: 1, complete: false });
  replay.release();
  assert.deepEqual(told, ['m1']);
});

test('what is held back meanwhile is bounded in bytes', async () => {
  const { replay, deliver, told, onPage } = setUp([{ messages: [], changedIds: [], revisions: [] }]);
  const content = { type: 'text', text: 'x'.repeat(31_000), extra: null } as const;
  const event = { type: 'message.created', message: groupMessage(1, { content }), memberCount: 2 } as const;
  const large = new FanOut([{ event, payload: SHAPE.render(event) as Payload }]);
  onPage(() => {
    for (let held = 0; held < 200; held++) replay.hold(large, deliver);
  });
  assert.deepEqual(await replay.run({}), { count: 0, complete: false });
  replay.release();
  assert.deepEqual(told, []);
});

test('pages are longer while messages are small, and shorter while they are large', async () => {
  const text = (length: number) =>
    ({ content: { type: 'text', text: 'x'.repeat(length), extra: null } }) as const;
  const page = (length: number): PendingPage => ({
    messages: Array.from({ length: 30 }, (_, index) => groupMessage(index + 1, text(length))),
    changedIds: [],
    revisions: [],
    next: cursor,
  });
  const { replay, limits } = setUp([
    page(1),
    page(1),
    page(31_000),
    page(31_000),
    { ...page(1), next: undefined } as never,
  ]);
  await replay.run({});
  assert.deepEqual(limits, [25, 50, 100, 50, 25]);
});

test('revisions that no message bears are stored by themselves', async () => {
  const here = { conversationId: 'team', ranges: [{ from: 1, to: 3 }] };
  const { replay, known } = setUp([{ messages: [groupMessage(1)], changedIds: [], revisions: [here] }]);
  await replay.run({});
  assert.deepEqual(known, [here]);
});

test('a held fan-out that can not be delivered keeps nothing from those after it', async () => {
  const { replay, told, deliver, faults } = setUp([{ messages: [], changedIds: [], revisions: [] }]);
  replay.hold(live(1), () => {
    throw new Error('out of order');
  });
  replay.hold(live(2), deliver);
  await replay.run({});
  replay.release();
  assert.deepEqual(told, ['m2']);
  assert.deepEqual(
    faults.map(({ stage }) => stage),
    ['receive'],
  );
});

test('the verdict says what was removed, and what has no form', async () => {
  const gone = [{ conversationId: 'team', ranges: [{ from: 1, to: 2 }] }];
  const broken = groupMessage(3, { content: undefined as never });
  const { replay, told } = setUp([
    { messages: [broken, groupMessage(4)], changedIds: [], revisions: [], gone },
  ]);
  assert.deepEqual(await replay.run({}), {
    count: 1,
    complete: true,
    gone: [
      { conversationId: 'team', from: 1, to: 2 },
      { conversationId: 'team', from: 3, to: 3 },
    ],
  });
  assert.deepEqual(told, ['m4']);
  assert.deepEqual(replay.removed, gone, 'only what was removed need not be told again');
});
