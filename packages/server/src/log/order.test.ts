import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { LogOrder } from './order.ts';
import type { NodeRecord } from './record.ts';

function record(writer: string, n: number, after: Readonly<Record<string, number>> = {}): NodeRecord {
  return { writer, n, after: new Map(Object.entries(after)), entries: [] };
}

function setUp(positions: Readonly<Record<string, number>> = {}) {
  const told: string[] = [];
  const order = new LogOrder({ tell: ({ writer, n }) => told.push(`${writer}${n}`) });
  order.start(new Map(Object.entries(positions)));
  return { told, order };
}

function own(order: LogOrder, told: string[], { writer, n, after }: NodeRecord): void {
  const committed = { writer, first: n, last: n, after, bodies: ['[]'] };
  // As a caller does who awaits its operation, and tells then.
  void order
    .committed(committed)
    .then(() => {})
    .then(() => told.push(`${writer}${n}`));
}

test("a writer's records are told in the order of their numbers, each once", () => {
  const { told, order } = setUp();
  for (const n of [3, 1, 1, 2, 3]) order.received(record('a', n));
  assert.deepEqual(told, ['a1', 'a2', 'a3']);
});

test('a record waits for what was committed before it', () => {
  const { told, order } = setUp();
  order.received(record('b', 1, { a: 2 }));
  order.received(record('a', 1));
  assert.deepEqual([...order.missing], [['a', 1]]);
  order.received(record('a', 2));
  assert.deepEqual(told, ['a1', 'a2', 'b1']);
  assert.equal(order.missing.size, 0);
});

test('what was in the database at the start is not told again', () => {
  const { told, order } = setUp({ a: 7 });
  order.received(record('a', 7));
  order.received(record('a', 8, { a: 7 }));
  assert.deepEqual(told, ['a8']);
});

test("this node's own records have their turn among the others, and are told before what follows them", async () => {
  const { told, order } = setUp();
  order.received(record('b', 1, { own: 1 }));
  own(order, told, record('own', 1, { a: 1 }));
  await setImmediate();
  assert.deepEqual(told, []);
  order.received(record('a', 1));
  await setImmediate();
  assert.deepEqual(told, ['a1', 'own1', 'b1']);
});

test('what a hint names is missing until it comes', () => {
  const { told, order } = setUp({ a: 4 });
  order.heardOf({ writer: 'a', n: 6 });
  assert.deepEqual([...order.missing], [['a', 4]]);
  order.received(record('a', 6));
  assert.deepEqual([...order.missing], [['a', 4]]);
  order.received(record('a', 5));
  assert.deepEqual(told, ['a5', 'a6']);
  assert.equal(order.missing.size, 0);
});

test('a stop lets go of what this node has committed and still waits', async () => {
  const { told, order } = setUp();
  own(order, told, record('own', 1, { a: 1 }));
  order.stop();
  await setImmediate();
  assert.deepEqual(told, ['own1']);
});

test('whatever the order of arrival, nothing is told before what it came after, and all of it is', async () => {
  const history = fc
    .array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 40 })
    .chain((writers) =>
      fc.tuple(
        fc.constant(writers),
        fc.shuffledSubarray([...writers.keys()], { minLength: writers.length }),
        fc.array(fc.boolean(), { minLength: writers.length, maxLength: writers.length }),
      ),
    );
  await fc.assert(
    fc.asyncProperty(history, async ([writers, arrival, knows]) => {
      const { told, order } = setUp();
      const heads = new Map<string, number>();
      const said = new Map<string, Map<string, number>>();
      // A transaction after the other, each of which saw some or all of those before it.
      const records = writers.map((index, at) => {
        const writer = `w${index}`;
        const n = (heads.get(writer) ?? 0) + 1;
        const seen = knows[at] ? heads : new Map<string, number>();
        const mine = said.get(writer) ?? new Map<string, number>();
        said.set(writer, mine);
        const after = [...seen].filter(([other, m]) => other !== writer && m > (mine.get(other) ?? 0));
        for (const [other, m] of after) mine.set(other, m);
        heads.set(writer, n);
        return record(writer, n, Object.fromEntries(after));
      });
      // The records of writer 0 are this node's own, which come in their order.
      const owns = records.filter(({ writer }) => writer === 'w0');
      for (const at of arrival) {
        const { writer } = records[at] as NodeRecord;
        if (writer === 'w0') own(order, told, owns.shift() as NodeRecord);
        else order.received(records[at] as NodeRecord);
        await setImmediate();
      }
      for (let turns = 0; turns < 50; turns++) await setImmediate();
      assert.equal(told.length, records.length);
      const places = new Map(told.map((name, place) => [name, place]));
      for (const { writer, n, after } of records) {
        const place = places.get(`${writer}${n}`) as number;
        if (n > 1) assert.ok((places.get(`${writer}${n - 1}`) as number) < place);
        for (const [other, m] of after) assert.ok((places.get(`${other}${m}`) as number) < place);
      }
    }),
    { numRuns: 60 },
  );
});
