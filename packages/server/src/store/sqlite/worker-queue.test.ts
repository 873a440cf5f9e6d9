import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { migrate, openDatabase } from './database.ts';
import { WorkerQueue } from './worker-queue.ts';

async function withQueue(run: (queue: WorkerQueue, batches: number[]) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-queue-'));
  const db = openDatabase({ dataDir, busyTimeout: 20 });
  migrate(db);
  db.close();
  const batches: number[] = [];
  const queue = await WorkerQueue.start(
    { dataDir, busyTimeout: 20, mode: 'write' },
    {
      maxBatch: 1000,
      maxBatchBytes: 1_000_000,
      maxWaiting: 1000,
      maxWaitingBytes: 5_000_000,
      events: { batch: (size) => batches.push(size) },
    },
  );
  try {
    await run(queue, batches);
  } finally {
    await queue.close();
    await rm(dataDir, { recursive: true });
  }
}

/** An operation with an argument of so many bytes that it does not look at. */
const call = (queue: WorkerQueue, bytes: number) => queue.call('ping', ['x'.repeat(bytes / 2)]);

test('what waits for the store is bounded in bytes, and what finds no room is refused at once', () =>
  withQueue(async (queue) => {
    const calls = await Promise.allSettled(Array.from({ length: 8 }, () => call(queue, 900_000)));
    assert.deepEqual(
      calls.map(({ status }) => status),
      [...Array(5).fill('fulfilled'), ...Array(3).fill('rejected')],
    );
    const [refused] = calls.filter((outcome) => outcome.status === 'rejected');
    assert.equal(refused?.reason.code, 'EINTERNAL');
    await call(queue, 900_000);
  }));

test('a batch has no more bytes than it may, and an operation that is larger goes alone', () =>
  withQueue(async (queue, batches) => {
    await Promise.all([...Array(4).fill(300_000), 3_500_000, 100].map((bytes) => call(queue, bytes)));
    assert.deepEqual(batches, [3, 1, 1, 1]);
  }));
