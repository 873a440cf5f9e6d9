import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { percentiles } from '../rate.ts';
import { type Place, personOf, sendTo } from './clients.ts';

/** Between two of its messages, ms. */
const PAUSE = 10;

/** Somebody who writes now and then, and ought not to notice what others do. */
export class LightClient {
  readonly #stopping = new AbortController();
  readonly #times: number[] = [];
  readonly #running: Promise<void>;

  private constructor(running: (client: LightClient) => Promise<void>) {
    this.#running = running(this);
    // What fails is told by `stop`, which somebody may call much later.
    this.#running.catch(() => {});
  }

  /** @param label tells its messages from those of others before */
  static async start(place: Place, label: number): Promise<LightClient> {
    const session = await personOf(place, 'u9');
    return new LightClient(async (light) => {
      for (let index = 0; !light.#stopping.signal.aborted; index++) {
        const started = performance.now();
        await sendTo(session, 'u10', `light-${label}-${index}`);
        light.#times.push(performance.now() - started);
        await delay(PAUSE);
      }
      await session.close();
    });
  }

  /** Ends it, and tells the p99 of what its messages took to be confirmed, ms. */
  async stop(): Promise<number> {
    this.#stopping.abort();
    await this.#running;
    return percentiles(this.#times).p99;
  }
}
