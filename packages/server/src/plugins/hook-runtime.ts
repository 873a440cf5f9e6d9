import { DomainError, ERROR_CODES, type ErrorCode } from '../core/errors.ts';
import type { DestinationRequest, JsonValue, PluginHooks } from './api.ts';
import type { BoardWriter } from './board.ts';
import { type Call, MAX_ANSWER } from './protocol.ts';

/** Outcomes wait this long for more, in ms, while calls are still worked on: what a later call breaks can't take them along. */
const GATHER = 2;

type Run = (input: unknown, id: number) => unknown;

/** Makes a check of values: it throws EINVAL naming the field, for what does not fit the schema. */
export type CheckerMaker = (schema: object, field?: string) => (value: unknown) => unknown;

/** Longest description of an error, in characters. */
const MAX_DESCRIPTION = 8192;

/** Runs the hooks of a plug-in, in the plug-in's own process. */
export class HookRuntime {
  readonly #runs: ReadonlyMap<string, Run>;
  readonly #board: BoardWriter;
  readonly #send: (json: string) => void;
  /** Outcomes as JSON, and their length. */
  #done: string[] = [];
  #length = 0;
  #begun = 0;
  #isFlushing = false;

  /** @param send writes a message for the server, as JSON */
  constructor(
    { hooks, checker }: { readonly hooks: PluginHooks; readonly checker: CheckerMaker },
    board: BoardWriter,
    send: (json: string) => void,
  ) {
    this.#runs = runsOf(hooks, checker, (id, value) => send(`{"reply":${jsonOf(value)},"id":${id}}`));
    this.#board = board;
    this.#send = send;
  }

  /** Begins every call; what takes time is answered when it is done. */
  run(calls: readonly Call[]): void {
    let flushedAt = performance.now();
    for (const call of calls) {
      this.#begin(call);
      this.#begun++;
      const now = performance.now();
      if (now - flushedAt < GATHER) continue;
      flushedAt = now;
      this.#flush();
    }
    this.#board.end();
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
    if (id > 0) this.#answer(id, 'verdict', verdictOf(value));
  }

  #fail(id: number, hook: string, error: unknown): void {
    if (id < 0) this.#send(jsonOf({ fault: describe(error), hook }));
    else if (error instanceof DomainError) this.#answer(id, 'verdict', refusalOf(error));
    else this.#answer(id, 'failure', JSON.stringify(describe(error)));
  }

  #answer(id: number, kind: 'verdict' | 'failure', json: string): void {
    this.#done.push(`{"id":${id},"${kind}":${json}}`);
    this.#length += json.length;
    if (this.#length > MAX_ANSWER) this.#flush();
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
    if (this.#done.length === 0 && this.#begun === 0) return;
    const done = this.#done;
    const begun = this.#begun;
    this.#done = [];
    this.#length = 0;
    this.#begun = 0;
    this.#send(`{"done":[${done.join()}],"begun":${begun}}`);
  }
}

function runsOf(
  hooks: PluginHooks,
  checker: CheckerMaker,
  reply: (id: number, value: JsonValue) => void,
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
      return handle({ ...request, reply: (value) => reply(id, value) });
    });
  }
  return runs;
}

/** The verdict as JSON. Throws for an answer that is none. */
function verdictOf(value: unknown): string {
  if (value === undefined || value === null) return '{"answer":"pass"}';
  const { answer, change, code, message, field } = value as Record<string, unknown>;
  if (answer === 'change' && isObject(change)) return `{"answer":"change","change":${objectOf(change)}}`;
  if (answer === 'refuse' && typeof message === 'string' && isCode(code)) {
    return jsonOf({ answer, code, message, ...(typeof field === 'string' ? { field } : {}) });
  }
  throw new Error('it answered with something else than nothing, change(…) or refuse(…)');
}

function refusalOf({ code, message, field }: DomainError): string {
  return jsonOf({ answer: 'refuse', code, message, field });
}

/** A change may turn into something else on its way to JSON, as dates do. */
function objectOf(change: object): string {
  const json = jsonOf(change);
  if (json.startsWith('{')) return json;
  throw new Error('the change is no object');
}

function isCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** A key of that name in what `JSON.stringify` writes, and not in a text there. */
const PROTOTYPE_KEY = /(?<!\\)"__proto__":/;

/** A value for the server. Throws for what has no JSON form, or one that the server would not take. */
export function jsonOf(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new Error('the value has no JSON form');
  if (PROTOTYPE_KEY.test(json)) throw new Error('the value has a field called __proto__');
  if (Buffer.byteLength(json) > MAX_ANSWER) throw new Error(`the value has more than ${MAX_ANSWER} bytes`);
  return json;
}

/** An error for the log: its stack where it has one. */
export function describe(error: unknown): string {
  return error instanceof Error && error.stack ? error.stack.slice(0, MAX_DESCRIPTION) : messageOf(error);
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.slice(0, MAX_DESCRIPTION);
}
