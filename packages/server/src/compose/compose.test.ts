import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import { createIdSource } from '../ids.ts';
import { createLogger } from '../observe/logger.ts';
import { Metrics } from '../observe/metrics.ts';
import { SYSTEM_TIMERS } from '../stomp/timers.ts';
import { Teardown } from '../teardown.ts';
import type { Ground } from './ground.ts';
import { compose, type Served } from './index.ts';

const FAULT = new Error('this part can not be made');
/** Longest time that handles of what was undone may take to go, in ms. */
const PATIENCE = 10_000;

let dataDir: string;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'haina-compose-'));
});
after(() => rm(dataDir, { recursive: true }));

/** Notes what is undone; the part that adds the last thing it takes fails right then. */
class WatchedTeardown extends Teardown {
  readonly added: string[] = [];
  readonly undone: string[] = [];
  #failsAt = Number.POSITIVE_INFINITY;

  failAt(index: number): void {
    this.#failsAt = index;
  }

  override defer(name: string, undo: () => unknown): void {
    super.defer(name, () => {
      this.undone.push(name);
      return undo();
    });
    if (this.added.push(name) > this.#failsAt) throw FAULT;
  }
}

interface Attempt {
  readonly teardown: WatchedTeardown;
  start(): Promise<Served>;
}

async function attempt(): Promise<Attempt> {
  const { config } = loadConfig({
    flags: { secret: 'x'.repeat(32), port: '0', demo: 'true', logLevel: 'fatal', dataDir },
  });
  const log = await createLogger(config);
  const clock = { now: () => Date.now() };
  const teardown = new WatchedTeardown(log, 10_000);
  const ground: Ground = {
    config,
    clock,
    timers: SYSTEM_TIMERS,
    ids: createIdSource(clock),
    log,
    metrics: new Metrics(),
    teardown,
    node: 'main',
  };
  return { teardown, start: () => compose(ground) };
}

/** What a server holds of this process: threads, sockets, timers that keep it alive. */
function handles(): string[] {
  const passing = ['Timeout', 'Immediate', 'CloseReq', 'FSReqPromise', 'FSReqCallback'];
  return process.getActiveResourcesInfo().filter((name) => !passing.includes(name));
}

async function areLeft(expected: readonly string[]): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (handles().join() !== expected.join() && performance.now() < end) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(handles(), expected);
}

test('wherever a start fails, what was made before is undone, the last first, and nothing is left', async (t) => {
  const whole = await attempt();
  const idle = handles();
  await whole.start();
  assert.deepEqual(await whole.teardown.run(), []);
  const steps = whole.teardown.added;
  assert.deepEqual(whole.teardown.undone, steps.toReversed());
  assert.equal(steps[0], 'store', 'whatever else is undone may still need it');
  for (const [index, step] of steps.entries()) {
    await t.test(step, async () => {
      const { teardown, start } = await attempt();
      teardown.failAt(index);
      await assert.rejects(start(), FAULT);
      assert.deepEqual(await teardown.run(), [], 'all of it could be undone');
      assert.deepEqual(teardown.undone, steps.slice(0, index + 1).toReversed());
      await areLeft(idle);
    });
  }
  const again = await attempt();
  const { url } = await again.start();
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert.deepEqual(await again.teardown.run(), []);
});
