import type { ErrorCode } from '../core/errors.ts';
import type { Scope } from './api.ts';

/** What the thread of a plug-in is started with. */
export interface ThreadSettings {
  readonly name: string;
  /** As the configuration names it. */
  readonly entry: string;
  /** What a relative path or a package's name is looked up from: a folder's URL. */
  readonly base: string;
  readonly options: unknown;
  /** `Board`, shared with the server's thread. */
  readonly board: SharedArrayBuffer;
}

/** What a plug-in wants, as its thread tells it. */
export interface Manifest {
  readonly only: Scope;
  readonly intercept: readonly string[];
  readonly listen: readonly string[];
  readonly messageTypes: readonly string[];
  readonly destinations: readonly string[];
}

/**
 * Something to do for the plug-in. Ids count up, whatever their sign: a negative one is told, a positive one waits for
 * its outcome.
 */
export interface Call {
  readonly id: number;
  readonly hook: string;
  readonly input: unknown;
}

export type Outcome =
  | { readonly id: number; readonly verdict: Verdict }
  | { readonly id: number; readonly failure: string };

/** How a question was answered, as it crosses threads. */
export type Verdict =
  | { readonly answer: 'pass' }
  | { readonly answer: 'change'; readonly change: unknown }
  | {
      readonly answer: 'refuse';
      readonly code: ErrorCode;
      readonly message: string;
      readonly field?: string;
    };

/** What a plug-in asks of the server. */
export interface HostCall {
  readonly id: number;
  readonly method: 'send' | 'publish';
  readonly args: readonly unknown[];
}

export type HostAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly code: ErrorCode; readonly message: string };

export type ToThread =
  | { readonly calls: readonly Call[] }
  | { readonly answer: HostAnswer }
  | { readonly close: true };

/** How many calls were begun since the last time. */
export interface Taken {
  readonly asked: number;
  readonly told: number;
}

export type FromThread =
  | { readonly ready: Manifest }
  | { readonly unfit: string }
  | { readonly done: readonly Outcome[]; readonly taken: Taken }
  /** The answer to a destination's request, as JSON. */
  | { readonly reply: string; readonly id: number }
  | { readonly hostCall: HostCall }
  /** A listener failed. */
  | { readonly fault: string; readonly hook: string }
  | { readonly closed: true };

/**
 * Memory that a plug-in's thread shares with the server's: it tells what a thread is at that answers nothing any more.
 */
export class Board {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;

  constructor(buffer = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer);
  }

  /** Moves with every call that the thread begins or ends. */
  get progress(): number {
    return Atomics.load(this.#cells, 0);
  }

  /** The call whose code runs now; 0 for none. */
  get current(): number {
    return Atomics.load(this.#cells, 1);
  }

  begin(id: number): void {
    Atomics.store(this.#cells, 1, id);
    Atomics.add(this.#cells, 0, 1);
  }

  end(): void {
    this.begin(0);
  }
}
