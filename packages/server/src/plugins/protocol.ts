import type { ErrorCode } from '../core/errors.ts';
import type { JsonValue } from '../core/model.ts';
import type { Scope } from './api.ts';

/*
 * What the server and the process of a plug-in write to each other, as JSON in the frames of a `Channel`. The server
 * believes nothing of it before `readFromPlugin` has judged it.
 */

/** Descriptors that a plug-in's process has beside the standard ones. */
export const CHANNEL_FD = 3;
/** Of the file behind the `Board`. */
export const BOARD_FD = 4;
/** Nothing is ever written there: it ends when the server does. */
export const LIFELINE_FD = 5;

/** Longest answer, reply or call of a plug-in, in bytes as JSON. */
export const MAX_ANSWER = 1_048_576;
/** Longest frame of a plug-in's process, in bytes: several answers share one. */
export const MAX_FRAME = 4 * MAX_ANSWER;
/** How long a plug-in may take to end, in ms. */
export const CLOSE_LIMIT = 2000;
/** Calls to the server that may wait for their answer. */
export const MAX_HOST_CALLS = 1000;

/** What the process of a plug-in is started with. */
export interface ProcessSettings {
  readonly name: string;
  /** As the configuration names it. */
  readonly entry: string;
  /** What a relative path or a package's name is looked up from: a folder's URL. */
  readonly base: string;
  /** The server's data folder, as an absolute path. */
  readonly dataDir: string;
  readonly options: unknown;
}

/** What a plug-in wants, as its process tells it. */
export interface Manifest {
  readonly only: Scope;
  readonly intercept: readonly string[];
  readonly listen: readonly string[];
  readonly messageTypes: readonly string[];
  /** Each with the queue where it answers. */
  readonly destinations: readonly { readonly name: string; readonly queue: string }[];
  /** Further queues that it tells at. */
  readonly queues: readonly string[];
}

/** The queues that are the plug-in's. */
export function queuesOf({ destinations, queues }: Manifest): readonly string[] {
  return [...new Set([...destinations.map(({ queue }) => queue), ...queues])];
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

/** How a question was answered. */
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
  | { readonly id: number; readonly value?: unknown }
  | { readonly id: number; readonly code: ErrorCode; readonly message: string };

export type ToPlugin =
  /** Once, before anything else. */
  | { readonly settings: ProcessSettings }
  | { readonly calls: readonly Call[] }
  | { readonly answer: HostAnswer }
  /** Nothing comes after it. */
  | { readonly close: true };

export type FromPlugin =
  | { readonly ready: Manifest }
  | { readonly unfit: string }
  /** `begun`: how many calls were begun since the last time. */
  | { readonly done: readonly Outcome[]; readonly begun: number }
  /** The answer to a destination's request. */
  | { readonly reply: JsonValue; readonly id: number }
  | { readonly hostCall: HostCall }
  /** A listener, or the plug-in's end, failed. */
  | { readonly fault: string; readonly hook: string }
  /** An error that nobody caught: mostly the process ends over it. */
  | { readonly dying: string };
