import { registerHooks } from 'node:module';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { PluginHooks } from './api.ts';
import { definitionOf, manifestOf } from './definition.ts';
import { locate } from './entry.ts';
import { Board, type FromThread, type ThreadSettings, type ToThread } from './protocol.ts';
import { ServerCalls } from './server-calls.ts';
import { type CheckerMaker, describe, ThreadRuntime } from './thread-runtime.ts';

const API = new URL('./api.ts', import.meta.url).href;

const port = parentPort as MessagePort;
const settings = workerData as ThreadSettings;
const post = (message: FromThread): void => port.postMessage(message);
const calls = new ServerCalls(settings.name, post);

// A plug-in may lie in any folder: this name needs no package beside it.
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'haina/plugin') return { url: API, format: 'module-typescript', shortCircuit: true };
    const isEntry = specifier === settings.entry && context.parentURL === import.meta.url;
    return next(specifier, isEntry ? { ...context, parentURL: settings.base } : context);
  },
});

try {
  const hooks = await setUp();
  const manifest = manifestOf(hooks);
  const runtime = new ThreadRuntime(
    { hooks, checker: await checkerFor(hooks) },
    new Board(settings.board),
    post,
  );
  port.on('message', (message: ToThread) => {
    if ('calls' in message) runtime.run(message.calls);
    else if ('answer' in message) calls.answered(message.answer);
    else void close(hooks);
  });
  post({ ready: manifest });
} catch (error) {
  post({ unfit: error instanceof Error ? error.message : String(error) });
  port.close();
}

async function setUp(): Promise<PluginHooks> {
  const { entry, base, options } = settings;
  const { options: schema, setup } = definitionOf(await import(locate(entry, base)?.href ?? entry));
  if (schema) (await loadChecker())(schema, 'options')(options);
  return setup(options, calls.host);
}

async function checkerFor({ messageTypes = {}, destinations = {} }: PluginHooks): Promise<CheckerMaker> {
  const added = [...Object.values(messageTypes), ...Object.values(destinations)];
  return added.some(({ schema }) => schema) ? loadChecker() : () => () => {};
}

/** Loaded only where there are schemas: it would make each restart a good deal longer. */
async function loadChecker(): Promise<CheckerMaker> {
  return (await import('../core/json.ts')).valueReader;
}

async function close(hooks: PluginHooks): Promise<void> {
  try {
    await hooks.close?.();
  } catch (error) {
    post({ fault: describe(error), hook: 'close' });
  }
  post({ closed: true });
  port.close();
}
