import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Flushable, Flusher } from './flusher.ts';

class Gathered implements Flushable {
  bytes = 1;
  canWrite = true;
  flushes = 0;

  prepareFlush(): boolean {
    return this.canWrite && this.bytes > 0;
  }

  flush(): number {
    const { bytes } = this;
    this.bytes = 0;
    this.flushes += 1;
    return bytes;
  }
}

const endOfTick = () => new Promise<void>((resolve) => process.nextTick(() => process.nextTick(resolve)));

test('all that were added in a tick are flushed at its end, however many, and their bytes are told once', async () => {
  const told: number[] = [];
  const flusher = new Flusher((bytes) => told.push(bytes));
  const connections = Array.from({ length: 100 }, () => new Gathered());
  for (const connection of connections) flusher.add(connection);
  assert.deepEqual(told, []);
  await endOfTick();
  assert.deepEqual(told, [100]);
  assert.ok(connections.every(({ flushes }) => flushes === 1));
});

test('one that can not be written to is left out, and flushed once it can be and is added again', async () => {
  const told: number[] = [];
  const flusher = new Flusher((bytes) => told.push(bytes));
  const [stuck, free] = [new Gathered(), new Gathered()];
  stuck.canWrite = false;
  for (const connection of [stuck, free]) flusher.add(connection);
  await endOfTick();
  assert.deepEqual([stuck.flushes, free.flushes], [0, 1]);
  stuck.canWrite = true;
  flusher.add(stuck);
  await endOfTick();
  assert.deepEqual([stuck.flushes, free.flushes], [1, 1]);
  assert.deepEqual(told, [1, 1]);
});
