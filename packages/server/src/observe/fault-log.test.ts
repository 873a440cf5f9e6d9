import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from 'pino';
import { faultLog } from './fault-log.ts';
import { Metrics } from './metrics.ts';

test('every lost event is counted, and a storm of them is one line a second', async () => {
  const metrics = new Metrics();
  const lines: { skipped: number; shape: string }[] = [];
  const log = { error: (line: { skipped: number; shape: string }) => lines.push(line) } as unknown as Logger;
  let now = 0;
  const report = faultLog(metrics, log, { now: () => now });
  const fault = { stage: 'render', error: new RangeError('x'), events: ['receipt'], shape: 'k'.repeat(1000) };
  for (let i = 0; i < 3; i++) report(fault);
  now = 1000;
  report(fault);
  assert.deepEqual(
    lines.map(({ skipped, shape }) => [skipped, shape.length]),
    [
      [0, 200],
      [2, 200],
    ],
  );
  assert.match(await metrics.render(), /^haina_events_lost_total\{stage="render",event="receipt"\} 4$/m);
});
