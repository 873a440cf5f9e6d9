import { DomainError, ERROR_CODES, type ErrorCode } from '../core/errors.ts';
import type { DestinationRequest, PluginHooks } from './api.ts';
import type { Board, Call, FromThread, Outcome, Verdict } from './protocol.ts';

/** Outcomes wait this long for more, in ms, while calls are still worked on: what a later call breaks can't take them along. */
const GATHER = 2;

type Run = (input: unknown, id: number) => unknown;

/** Makes a check of values: it throws EINVAL naming the field, for what does not fit the schema. */
export type CheckerMaker = (schema: object, field?: string) => (value: unknown) => unknown;

const PASS: Verdict = { answer: 'pass' };

/** Runs the hooks of a plug-in, in the plug-in's own thread. */
export class ThreadRuntime {
  readonly #runs: ReadonlyMap<string, Run>;
  readonly #board: Board;
  readonly #post: (message: FromThread) => void;
  #done: Outcome[] = [];
  #taken = { asked: 0, told: 0 };
  #isFlushing = false;

  constructor(
    { hooks, checker }: { readonly hooks: PluginHooks; readonly checker: CheckerMaker },
    board: Board,
    post: (message: FromThread) => void,
  ) {
    this.#runs = runsOf(hooks, checker, (id, reply) => post({ reply, id }));
    this.#board = board;
    this.#post = post;
  }

  /** Begins every call; what takes time is answered when it is done. */
  run(calls: readonly Call[]): void {
    let flushedAt = performance.now();
    for (const call of calls) {
      this.#begin(call);
      this.#taken[call.id < 0 ? 'told' : 'asked']++;
      const now = performance.now();
      if (now - flushedAt < GATHER) continue;
      flushedAt = now;
      this.#flush();
    }
    this.#flush();
  }

  #begin({ id, hook, input }: Call): void {
    this.#board.begin(id);
    try {
      const run = this.#runs.get(hook);
      if (!run) throw new Error(`there is no hook ${hook}`);
      const result = run(input, id);
      if (result instanceof Promise) this.#await(id, hook, result);
      else this.#settle(id, result);
    } catch (error) {
      this.#fail(id, hook, error);
    } finally {
      this.#board.end();
    }
  }

  #await(id: number, hook: string, result: Promise<unknown>): void {
    result
      .then(
        (value) => this.#settle(id, value),
        (error: unknown) => this.#fail(id, hook, error),
      )
      .catch((error: unknown) => this.#fail(id, hook, error))
      .finally(() => this.#flushSoon());
  }

  #settle(id: number, value: unknown): void {
    if (id > 0) this.#done.push({ id, verdict: toVerdict(value) });
  }

  #fail(id: number, hook: string, error: unknown): void {
    if (error instanceof DomainError && id > 0) this.#done.push({ id, verdict: refusal(error) });
    else if (id < 0) this.#post({ fault: describe(error), hook });
    else this.#done.push({ id, failure: describe(error) });
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#done.length === 0 && this.#taken.asked + this.#taken.told === 0) return;
    this.#post({ done: this.#done, taken: this.#taken });
    this.#done = [];
    this.#taken = { asked: 0, told: 0 };
  }
}

function runsOf(
  hooks: PluginHooks,
  checker: CheckerMaker,
  reply: (id: number, json: string) => void,
): Map<string, Run> {
  const { intercept = {}, listen = {}, messageTypes = {}, destinations = {} } = hooks;
  const runs = new Map<string, Run>();
  for (const [name, run] of Object.entries(intercept)) runs.set(name, run as Run);
  for (const [name, run] of Object.entries(listen)) runs.set(`listen ${name}`, run as Run);
  for (const [name, { schema }] of Object.entries(messageTypes)) {
    const check = checker(schema, 'content');
    runs.set(`type ${name}`, (content) => void check(content));
  }
  for (const [name, { schema, handle }] of Object.entries(destinations)) {
    const check = schema && checker(schema);
    runs.set(`destination ${name}`, (input, id) => {
      const request = input as Omit<DestinationRequest, 'reply'>;
      check?.(request.body);
      return handle({ ...request, reply: (value) => reply(id, toJson(value)) });
    });
  }
  return runs;
}

function toVerdict(value: unknown): Verdict {
  if (value === undefined || value === null) return PASS;
  const { answer, change, code, message, field } = value as Record<string, unknown>;
  if (answer === 'change' && isObject(change)) return { answer, change: JSON.parse(toJson(change)) };
  if (answer === 'refuse' && typeof message === 'string' && isCode(code)) {
    return { answer, code, message, ...(typeof field === 'string' ? { field } : {}) };
  }
  throw new Error('it answered with something else than nothing, change(…) or refuse(…)');
}

function refusal({ code, message, field }: DomainError): Verdict {
  return { answer: 'refuse', code, message, ...(field === undefined ? {} : { field }) };
}

function isCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Throws for what has no JSON form. */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new Error('the value has no JSON form');
  return json;
}

/** An error for the log: its stack where it has one. */
export function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
