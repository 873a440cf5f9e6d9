import { registerHooks } from 'node:module';
import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { goFirstWhereMemoryIsShort, ignoreStopSignals } from '../processes/child.ts';
import type { PluginHooks } from './api.ts';
import { BoardWriter } from './board.ts';
import { Channel } from './channel.ts';
import { definitionOf, manifestOf } from './definition.ts';
import { locate } from './entry.ts';
import { type CheckerMaker, describe, HookRuntime, jsonOf, messageOf } from './hook-runtime.ts';
import {
  BOARD_FD,
  CHANNEL_FD,
  CLOSE_LIMIT,
  type FromPlugin,
  type ProcessSettings,
  type ToPlugin,
} from './protocol.ts';
import { ServerCalls } from './server-calls.ts';

/** The process of one plug-in. Its end is the server's affair: by a message, or by the end of the channel. */

const API = new URL('./api.ts', import.meta.url).href;

let hooks: PluginHooks = {};
let runtime: HookRuntime | undefined;
let calls: ServerCalls | undefined;
let isClosing = false;

endWithServer();
const pipe = new Socket({ fd: CHANNEL_FD, readable: true, writable: true });
const channel = new Channel(pipe, Number.POSITIVE_INFINITY, {
  message: (json) => receive(JSON.parse(json) as ToPlugin),
  // The server is gone: what it still said was read before.
  closed: () => void close(),
});

function post(message: FromPlugin): void {
  channel.send(jsonOf(message));
}

function receive(message: ToPlugin): void {
  if ('calls' in message) runtime?.run(message.calls);
  else if ('answer' in message) calls?.answered(message.answer);
  else if ('settings' in message) void start(message.settings);
  else void close();
}

async function start(settings: ProcessSettings): Promise<void> {
  try {
    calls = new ServerCalls(settings, post);
    hooks = await setUp(settings, calls);
    const manifest = manifestOf(hooks);
    const checker = await checkerFor(hooks);
    runtime = new HookRuntime({ hooks, checker }, new BoardWriter(BOARD_FD), (json) => channel.send(json));
    post({ ready: manifest });
  } catch (error) {
    post({ unfit: messageOf(error) });
  }
}

async function setUp({ entry, base, options }: ProcessSettings, { host }: ServerCalls): Promise<PluginHooks> {
  resolveFrom(entry, base);
  const { options: schema, setup } = definitionOf(await import(locate(entry, base)?.href ?? entry));
  if (schema) (await loadChecker())(schema, 'options')(options);
  return setup(options, host);
}

/** A plug-in may lie in any folder: the name `haina/plugin` needs no package beside it. */
function resolveFrom(entry: string, base: string): void {
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'haina/plugin') return { url: API, format: 'module-typescript', shortCircuit: true };
      const isEntry = specifier === entry && context.parentURL === import.meta.url;
      return next(specifier, isEntry ? { ...context, parentURL: base } : context);
    },
  });
}

async function checkerFor({ messageTypes = {}, destinations = {} }: PluginHooks): Promise<CheckerMaker> {
  const added = [...Object.values(messageTypes), ...Object.values(destinations)];
  return added.some(({ schema }) => schema) ? loadChecker() : () => () => {};
}

/** Loaded only where there are schemas: it would make each restart a good deal longer. */
async function loadChecker(): Promise<CheckerMaker> {
  return (await import('../core/json.ts')).valueReader;
}

async function close(): Promise<void> {
  if (isClosing) return;
  isClosing = true;
  setTimeout(() => process.exit(1), CLOSE_LIMIT).unref();
  try {
    await hooks.close?.();
  } catch (error) {
    post({ fault: describe(error), hook: 'close' });
  }
  await channel.end();
  process.exit();
}

function endWithServer(): void {
  new Worker(new URL('./guard.ts', import.meta.url), {
    name: 'guard',
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  }).unref();
  ignoreStopSignals();
  process.on('uncaughtExceptionMonitor', (error) => post({ dying: messageOf(error) }));
  goFirstWhereMemoryIsShort();
}
