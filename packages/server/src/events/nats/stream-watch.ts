import type { Clock } from '../../core/ports/clock.ts';
import type { Delivery, DeliveryOutcome } from '../../core/ports/event-store.ts';
import type { NatsSession } from './session.ts';

/** From one word about a stream that takes no events to the next, in ms. */
const TELL_INTERVAL = 60_000;

export interface StreamTrouble {
  readonly stream: string;
  readonly reason: string;
  /** How often an event failed since the stream was told of last. */
  readonly failed: number;
}

export interface StreamWatchDeps {
  readonly clock: Clock;
  /** A stream takes events no more; told again at intervals while that lasts. */
  troubled(trouble: StreamTrouble): void;
  /** A stream that was told of takes events again. */
  recovered(stream: string): void;
}

/** What one batch brought to a stream. */
interface Batch {
  failed: number;
  /** Why the last of them failed. */
  failure: string;
}

interface State {
  toldAt: number;
  isTold: boolean;
  failed: number;
}

/** Tells which streams take no events for now, and why. They can become so long after the link found them fit. */
export class StreamWatch {
  readonly #deps: StreamWatchDeps;
  readonly #states = new Map<string, State>();

  constructor(deps: StreamWatchDeps) {
    this.#deps = deps;
  }

  /** Looks at what became of a batch. */
  async observe(
    session: NatsSession,
    deliveries: readonly Delivery[],
    outcomes: readonly DeliveryOutcome[],
  ): Promise<void> {
    for (const [stream, batch] of byStream(session, deliveries, outcomes)) {
      if (batch.failed > 0) await this.#failed(session, stream, batch);
      else this.#taken(stream);
    }
  }

  async #failed(session: NatsSession, stream: string, { failed, failure }: Batch): Promise<void> {
    const state = this.#states.get(stream) ?? { toldAt: Number.NEGATIVE_INFINITY, isTold: false, failed: 0 };
    this.#states.set(stream, state);
    state.failed += failed;
    const now = this.#deps.clock.now();
    if (now - state.toldAt < TELL_INTERVAL) return;
    const trouble = { stream, reason: (await refusalOf(session, stream)) ?? failure, failed: state.failed };
    Object.assign(state, { toldAt: now, isTold: true, failed: 0 });
    this.#deps.troubled(trouble);
  }

  /** A stream that fails and recovers many times within the interval is told of once. */
  #taken(stream: string): void {
    const state = this.#states.get(stream);
    if (!state?.isTold) return;
    state.isTold = false;
    state.failed = 0;
    this.#deps.recovered(stream);
  }
}

/** Dead letters say nothing about a stream. */
function byStream(
  session: NatsSession,
  deliveries: readonly Delivery[],
  outcomes: readonly DeliveryOutcome[],
): Map<string, Batch> {
  const types = new Map(deliveries.map(({ id, eventType }) => [id, eventType]));
  const batches = new Map<string, Batch>();
  for (const outcome of outcomes) {
    const stream = session.streamOf(types.get(outcome.id) ?? '');
    if (stream === undefined || outcome.result === 'dead') continue;
    const batch = batches.get(stream) ?? { failed: 0, failure: '' };
    batches.set(stream, batch);
    if (outcome.result === 'done') continue;
    batch.failed++;
    batch.failure = outcome.failure;
  }
  return batches;
}

/** Why a stream never answers, as its settings say; undefined where they don't. */
async function refusalOf({ manager }: NatsSession, stream: string): Promise<string | undefined> {
  try {
    const { config } = await manager.streams.info(stream);
    return config.no_ack
      ? 'it has no_ack, so that nobody learns what it took; set its no_ack to false'
      : undefined;
  } catch {
    return undefined;
  }
}
