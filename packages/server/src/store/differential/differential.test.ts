import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SKIP_POSTGRES } from '../../../test/support/postgres.ts';
import { Coverage } from './coverage.ts';
import { runHistory, type Script } from './history.ts';
import { Pair } from './pair.ts';
import { Histories, type Step } from './steps.ts';
import { StoreSource } from './stores-fixture.ts';

/** Histories to run; `HAINA_DIFFERENTIAL_RUNS` makes it more. */
const RUNS = Number(process.env.HAINA_DIFFERENTIAL_RUNS ?? 20);
const LENGTH = 200;
const SEED = Number(process.env.HAINA_DIFFERENTIAL_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Where a history that failed is, in what the seed makes. */
const PATH = process.env.HAINA_DIFFERENTIAL_PATH;
/** How long a history that fails is made shorter, in ms. */
const SHRINKING_TIME = 180_000;
/** From so many histories on each operation must have done its work. */
const ENOUGH_RUNS = 10;

test('SQLite and PostgreSQL do and tell the same in any history', { skip: SKIP_POSTGRES }, async (t) => {
  t.diagnostic(`HAINA_DIFFERENTIAL_SEED=${SEED}`);
  const source = await StoreSource.make();
  const coverage = new Coverage();
  let failedAt = 0;
  /** Of the shortest history that failed. */
  let script: Script = [];
  const property = fc.asyncProperty(new Histories(LENGTH), async (steps: Step[]) => {
    // What was not tried in time counts as passed.
    if (failedAt > 0 && Date.now() - failedAt > SHRINKING_TIME) return;
    const tried: Script = [];
    const { sqlite, postgres, dispose } = await source.open();
    try {
      await runHistory(new Pair(sqlite, postgres, coverage), steps, tried);
      coverage.histories += 1;
    } catch (error) {
      failedAt ||= Date.now();
      script = tried;
      throw error;
    } finally {
      await dispose();
    }
  });
  try {
    const begun = performance.now();
    const found = await fc.check(property, { numRuns: RUNS, seed: SEED, ...(PATH ? { path: PATH } : {}) });
    const seconds = Math.round((performance.now() - begun) / 1000);
    t.diagnostic(`${coverage.histories} histories, ${coverage.calls} calls, ${seconds} s`);
    t.diagnostic(`done/refused: ${coverage}`);
    if (found.failed) assert.fail(report(found, script));
    if (coverage.histories >= ENOUGH_RUNS) assert.deepEqual(coverage.neverDone(), []);
  } finally {
    await source.dispose();
  }
});

function report(found: fc.RunDetails<[Step[]]>, script: Script): string {
  const { seed, counterexamplePath: path, errorInstance } = found;
  return [
    errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
    `again: HAINA_DIFFERENTIAL_SEED=${seed} HAINA_DIFFERENTIAL_PATH=${path}`,
    `after ${script.length} operations (& marks those issued at once):`,
    ...script,
  ].join('\n');
}
