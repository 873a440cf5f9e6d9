import { storeBusy, storeUnavailable } from '../../core/errors.ts';
import { type OperationCall, type OperationOutcome, toError } from '../sql/calls.ts';
import { orderKeys } from '../sql/operation-order.ts';

/** What came of a batch. */
export interface BatchResult {
  readonly outcomes: readonly OperationOutcome[];
  /** Resolves when they may be told: what other nodes did before is told first. Absent where nothing was. */
  readonly turn?: Promise<void>;
}

/** What runs batches of calls, one batch after the other. */
export interface BatchRunner {
  run(calls: readonly OperationCall[]): Promise<BatchResult>;
  close(): Promise<void>;
}

export interface LanesOptions {
  /** Most calls of one transaction. */
  readonly maxBatch: number;
  /** Most calls that wait; beyond it they are refused at once. */
  readonly maxWaiting: number;
  /** Told of each transaction: its calls, how long it took in ms, how many calls wait. */
  batch?(size: number, durationMs: number, depth: number): void;
}

interface Waiting extends OperationCall {
  readonly keys: readonly string[];
  resolve(value: unknown): void;
  reject(error: Error): void;
}

interface LaneState {
  readonly runner: BatchRunner;
  waiting: Waiting[];
  running: readonly Waiting[];
  /** Settles once all batches are settled that wait for their turn; undefined where none does. */
  settling: Promise<void> | undefined;
}

/** Where the calls of a key are that have not settled. */
interface Holder {
  readonly lane: LaneState;
  count: number;
}

/**
 * Writes side by side, in the order of their keys (`sql/operation-order.ts`): a call goes to the lane that has earlier ones of
 * its keys, or else to the one with the least to do; it waits where several lanes have some.
 */
export class Lanes {
  readonly #lanes: readonly LaneState[];
  readonly #options: LanesOptions;
  readonly #holders = new Map<string, Holder>();
  /** Calls that fit no lane yet, in order, and their keys. */
  #parked: Waiting[] = [];
  #depth = 0;
  #closed: Error | undefined;
  #onIdle: (() => void) | undefined;

  constructor(runners: readonly BatchRunner[], options: LanesOptions) {
    this.#lanes = runners.map((runner) => ({
      runner,
      waiting: [],
      running: [],
      settling: undefined,
    }));
    this.#options = options;
  }

  get depth(): number {
    return this.#depth;
  }

  /** Runs a write. Rejects with a `DomainError`. @param toResult as with SQLite's queue: made before the next call settles */
  call(
    name: string,
    args: readonly unknown[],
    toResult: (value: unknown) => unknown = same,
  ): Promise<unknown> {
    if (this.#closed) return Promise.reject(storeUnavailable(this.#closed));
    if (this.#depth >= this.#options.maxWaiting) {
      return Promise.reject(storeBusy());
    }
    return new Promise((done, reject) => {
      const resolve = (value: unknown): void => {
        try {
          done(toResult(value));
        } catch (error) {
          reject(error as Error);
        }
      };
      this.#depth += 1;
      const call = { name, args, keys: orderKeys(name, args), resolve, reject };
      this.#parked.push(call);
      // What is parked keeps its place before this one.
      if (this.#parked.length === 1) this.#place();
    });
  }

  /** Finishes what was called, then closes the lanes. */
  async close(): Promise<void> {
    while (this.#depth > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    this.#closed = new Error('the store is closed');
    await Promise.all(this.#lanes.map(({ runner }) => runner.close()));
  }

  /** Gives parked calls to lanes, in order, as far as their keys are free. */
  #place(): void {
    const blocked = new Set<string>();
    const parked: Waiting[] = [];
    let isBarred = false;
    for (const call of this.#parked) {
      const lane =
        isBarred || call.keys.some((key) => blocked.has(key))
          ? undefined
          : this.#laneFor(call, parked.length);
      if (lane) {
        this.#assign(call, lane);
        continue;
      }
      parked.push(call);
      if (call.keys.length === 0) isBarred = true;
      for (const key of call.keys) blocked.add(key);
    }
    this.#parked = parked;
  }

  /** The lane that may take a call now. One without keys waits until nothing else is there. */
  #laneFor({ keys }: Waiting, parkedBefore: number): LaneState | undefined {
    if (keys.length === 0 && (parkedBefore > 0 || this.#holders.size > 0 || this.#lanes.some(isBusy)))
      return undefined;
    const lanes = new Set<LaneState>();
    for (const key of keys) {
      const holder = this.#holders.get(key);
      if (holder) lanes.add(holder.lane);
    }
    if (lanes.size > 1) return undefined;
    const [lane = this.#leastBusy()] = lanes;
    return lane;
  }

  #leastBusy(): LaneState {
    let [best] = this.#lanes as [LaneState, ...LaneState[]];
    for (const lane of this.#lanes) if (loadOf(lane) < loadOf(best)) best = lane;
    return best;
  }

  #assign(call: Waiting, lane: LaneState): void {
    for (const key of call.keys) {
      const holder = this.#holders.get(key);
      if (holder) holder.count += 1;
      else this.#holders.set(key, { lane, count: 1 });
    }
    lane.waiting.push(call);
    // A burst comes in several reads: one more turn of the event loop finds the rest of it.
    if (lane.running.length === 0 && lane.waiting.length === 1) setImmediate(() => this.#send(lane));
  }

  #send(lane: LaneState): void {
    if (lane.running.length > 0 || lane.waiting.length === 0) return;
    const { maxBatch } = this.#options;
    lane.running = lane.waiting.slice(0, maxBatch);
    lane.waiting = lane.waiting.slice(maxBatch);
    const begun = performance.now();
    lane.runner.run(lane.running).then(
      (result) => this.#ran(lane, result, performance.now() - begun),
      (error: Error) => this.#ran(lane, refuseAll(lane.running, error), 0),
    );
  }

  /** The lane goes on at once; who waits for what was done learns of it when its turn has come. */
  #ran(lane: LaneState, { outcomes, turn }: BatchResult, durationMs: number): void {
    const done = lane.running;
    lane.running = [];
    this.#options.batch?.(done.length, durationMs, this.#depth - done.length);
    if (!turn && !lane.settling) {
      this.#settle(lane, done, outcomes);
      return;
    }
    const settling: Promise<void> = (lane.settling ?? Promise.resolve())
      .then(() => turn)
      .then(() => {
        if (lane.settling === settling) lane.settling = undefined;
        this.#settle(lane, done, outcomes);
      });
    lane.settling = settling;
    this.#send(lane);
  }

  #settle(lane: LaneState, done: readonly Waiting[], outcomes: readonly OperationOutcome[]): void {
    this.#depth -= done.length;
    for (const call of done) this.#release(call);
    if (this.#parked.length > 0) this.#place();
    this.#send(lane);
    for (const [index, outcome] of outcomes.entries()) {
      const { resolve, reject } = done[index] as Waiting;
      if ('value' in outcome) resolve(outcome.value);
      else reject(toError(outcome.failure));
    }
    if (this.#depth === 0) this.#onIdle?.();
  }

  #release({ keys }: Waiting): void {
    for (const key of keys) {
      const holder = this.#holders.get(key);
      if (holder && --holder.count === 0) this.#holders.delete(key);
    }
  }
}

function refuseAll(calls: readonly Waiting[], { message }: Error): BatchResult {
  return { outcomes: calls.map(() => ({ failure: { code: 'EINTERNAL', message } })) };
}

function same(value: unknown): unknown {
  return value;
}

function isBusy(lane: LaneState): boolean {
  return loadOf(lane) > 0;
}

function loadOf({ waiting, running }: LaneState): number {
  return waiting.length + running.length;
}
