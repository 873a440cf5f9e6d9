import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Shape } from '../../../server/test/support/growth/fill.ts';
import { scriptOf } from '../contestants.ts';
import { makeHome, removeHome, type StoreKind, startHaina } from '../haina.ts';
import { percentiles } from '../rate.ts';
import type { Place } from './clients.ts';
import { fillHome } from './fill-home.ts';
import { LightClient } from './light-client.ts';
import { OPERATIONS, type Operation, type Run } from './operations.ts';
import type { Figures } from './table.ts';

/** Beside most operations the light client is watched for this part of the time at least. */
const SHORT_WATCH = 1 / 3;

export const START = 'start';

export interface GrowthOptions {
  readonly store: StoreKind;
  /** How long the light client is watched at least beside what goes on after its answer, ms. */
  readonly watch: number;
  /** Is told of each operation, and of what failed. */
  tell(line: string): void;
}

/** Fills a database, starts a server on it and measures each operation. */
export async function measureGrowth(
  shape: Shape,
  { store, watch, tell }: GrowthOptions,
): Promise<Map<string, Figures>> {
  const home = await makeHome(store);
  try {
    tell(`filled in ${seconds(await took(() => fillHome(home, shape)))} s`);
    // The first start finds more to remove than any later one.
    await (await startHaina(scriptOf(), home)).stop();
    const begin = performance.now();
    const server = await startHaina(scriptOf(), home);
    const start = performance.now() - begin;
    const figures = new Map<string, Figures>([[START, { p50: start, p99: start, light: undefined }]]);
    try {
      for (const [index, operation] of OPERATIONS.entries()) {
        const measuring = measureOne(operation, { url: server.url, shape }, index, watch);
        const measured = await orTell(operation.name, measuring, tell);
        if (measured) figures.set(operation.name, measured);
      }
    } finally {
      await server.stop();
    }
    return figures;
  } finally {
    await removeHome(home);
  }
}

/** One that fails, as where the server gives up, is told; the others go on. */
async function orTell(
  name: string,
  measuring: Promise<Figures>,
  tell: (line: string) => void,
): Promise<Figures | undefined> {
  try {
    const figures = await measuring;
    const [p50, p99, light] = [figures.p50, figures.p99, figures.light ?? 0].map((ms) => ms.toFixed(1));
    tell(`${name}: ${p50} ms, p99 ${p99} ms, light client's p99 ${light} ms`);
    return figures;
  } catch (error) {
    tell(`${name} FAILED: ${(error as Error).message.slice(0, 500)}`);
    return undefined;
  }
}

async function measureOne(
  operation: Operation,
  place: Place,
  label: number,
  watch: number,
): Promise<Figures> {
  const run = await operation.open(place);
  try {
    // What can be done again begins unmeasured: the first time compiles and looks for what is kept from then on.
    if (operation.times > 1) await timesOf(run, [operation.times]);
    const light = await LightClient.start(place, label);
    const outcome = await measureTimes(run, operation, watch).catch((error: Error) => error);
    const p99 = await light.stop();
    if (outcome instanceof Error) throw outcome;
    return { ...percentiles(outcome), light: p99 };
  } finally {
    await run.close?.();
  }
}

/** What each time took, ms; and a while more for the light client. */
async function measureTimes(run: Run, { times, goesOn }: Operation, watch: number): Promise<number[]> {
  const begin = performance.now();
  const taken = await timesOf(run, Array.from({ length: times }).keys());
  const least = goesOn ? watch : watch * SHORT_WATCH;
  await delay(Math.max(0, least - (performance.now() - begin)));
  return taken;
}

async function timesOf(run: Run, indexes: Iterable<number>): Promise<number[]> {
  const taken: number[] = [];
  for (const index of indexes) {
    await run.prepare?.(index);
    taken.push(await took(() => run.once(index)));
  }
  return taken;
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
