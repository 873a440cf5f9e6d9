import type { CommittedRecord, NodeRecord, Positions, RecordPlace } from './record.ts';

/** Records that wait for others; what comes beyond it is read again later. */
const MAX_WAITING = 10_000;

/** A record whose turn has not come. */
interface Waiting {
  readonly first: number;
  readonly last: number;
  readonly after: Positions;
  /** Whether this node has done it: whoever waits for its turn tells of it then, in that turn of the event loop. */
  readonly isOwn: boolean;
  tell(): void;
}

interface WriterState {
  /** The last number that was told. */
  told: number;
  /** The last number that is known to be in the log. */
  heard: number;
  /** By their first numbers. */
  readonly waiting: Map<number, Waiting>;
}

export interface LogOrderOptions {
  /** Tells this node's sessions what a record of another node says. May not throw. */
  tell(record: NodeRecord): void;
}

/**
 * The order in which this node tells what all nodes have done: each writer's records in the order of their numbers, and none
 * before those that were committed when it was written. So whatever depends on something is told after it, on each node,
 * however the records came here.
 */
export class LogOrder {
  readonly #options: LogOrderOptions;
  readonly #writers = new Map<string, WriterState>();
  #isActive = false;
  #waiting = 0;
  /** Who waits until all is told up to some positions. */
  #watchers: { readonly positions: Positions; resolve(): void }[] = [];
  /** This node's own sessions are being told: what follows has its turn afterwards. */
  #isTelling = false;

  constructor(options: LogOrderOptions) {
    this.#options = options;
  }

  /** Begins, or begins anew: all up to these positions is known to whoever reads the database. */
  start(positions: Positions): void {
    this.stop();
    for (const [writer, n] of positions) {
      this.#writers.set(writer, { told: n, heard: n, waiting: new Map() });
    }
    this.#isActive = true;
  }

  /** Puts nothing in order any more; what waits and is this node's own is told. */
  stop(): void {
    this.#isActive = false;
    for (const { waiting } of this.#writers.values()) {
      for (const { isOwn, tell } of waiting.values()) if (isOwn) tell();
    }
    this.#writers.clear();
    this.#waiting = 0;
    this.#wakeWatchers();
  }

  /** Resolves once all is told that came here until now. */
  told(): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.push({ positions: this.positions, resolve });
      this.#wakeWatchers();
    });
  }

  /** Resolves when it is the turn of what this node has committed; whoever waits tells of it at once. */
  committed({ writer, first, last, after }: CommittedRecord): Promise<void> {
    if (!this.#isActive) return Promise.resolve();
    return new Promise((tell) => {
      this.#add(writer, { first, last, after, isOwn: true, tell });
    });
  }

  /** Takes a record of another node, however often and in whatever order they come. */
  received(record: NodeRecord): void {
    if (!this.#isActive || this.#waiting >= MAX_WAITING) return;
    const { writer, n, after } = record;
    const tell = (): void => this.#options.tell(record);
    this.#add(writer, { first: n, last: n, after, isOwn: false, tell });
  }

  /** There is a record, wherever it can be read. */
  heardOf({ writer, n }: RecordPlace): void {
    if (!this.#isActive) return;
    const state = this.#stateOf(writer);
    state.heard = Math.max(state.heard, n);
  }

  /** The writers of which something is known to be in the log that has not come here, and after which number it begins. */
  get missing(): Positions {
    const missing = new Map<string, number>();
    for (const [writer, state] of this.#writers) {
      const known = lastInRow(state);
      if (state.heard > known) missing.set(writer, known);
    }
    return missing;
  }

  /** Up to where the records of each writer came here, without a gap. */
  get positions(): Positions {
    return new Map([...this.#writers].map(([writer, state]) => [writer, lastInRow(state)]));
  }

  #add(writer: string, record: Waiting): void {
    const state = this.#stateOf(writer);
    state.heard = Math.max(state.heard, record.last);
    if (record.first <= state.told || state.waiting.has(record.first)) {
      // It came twice, or it was in the database before this node began to listen.
      if (record.isOwn) record.tell();
      return;
    }
    for (const [other, n] of record.after) {
      const its = this.#stateOf(other);
      its.heard = Math.max(its.heard, n);
    }
    state.waiting.set(record.first, record);
    this.#waiting += 1;
    this.#advance();
  }

  /** Tells whatever has its turn. */
  #advance(): void {
    let hasTold = !this.#isTelling;
    while (hasTold) {
      hasTold = false;
      for (const state of this.#writers.values()) {
        const next = state.waiting.get(state.told + 1);
        if (!next || !this.#isTurnOf(next)) continue;
        state.waiting.delete(next.first);
        this.#waiting -= 1;
        state.told = next.last;
        next.tell();
        if (next.isOwn) {
          this.#advanceLater();
          return;
        }
        hasTold = true;
      }
    }
    this.#wakeWatchers();
  }

  /** Who waits for its own record tells of it in this turn of the event loop, and before what depends on it. */
  #advanceLater(): void {
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      this.#advance();
    });
  }

  #wakeWatchers(): void {
    if (this.#watchers.length === 0 || this.#isTelling) return;
    const isTold = ([writer, n]: readonly [string, number]) => (this.#writers.get(writer)?.told ?? n) >= n;
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) {
      if ([...watcher.positions].every(isTold)) watcher.resolve();
      else this.#watchers.push(watcher);
    }
  }

  #isTurnOf({ after }: Waiting): boolean {
    for (const [writer, n] of after) if ((this.#writers.get(writer)?.told ?? 0) < n) return false;
    return true;
  }

  #stateOf(writer: string): WriterState {
    let state = this.#writers.get(writer);
    if (!state) {
      state = { told: 0, heard: 0, waiting: new Map() };
      this.#writers.set(writer, state);
    }
    return state;
  }
}

/** The number up to which a writer's records were told, or wait here. */
function lastInRow({ told, waiting }: WriterState): number {
  let last = told;
  for (let next = waiting.get(last + 1); next; next = waiting.get(last + 1)) last = next.last;
  return last;
}
