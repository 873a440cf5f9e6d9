import type { CommandName } from '../core/command-gate.ts';
import { ADDED_TYPE } from '../core/content.ts';
import type { PluginDefinition, PluginHooks, Questions } from './api.ts';
import { INTERCEPTED_EVENTS, LISTENED_EVENTS } from './event-names.ts';
import type { Manifest } from './protocol.ts';

/** What plug-ins add; that no dialect has it is for the server to check. */
export const ADDED_DESTINATION = /^\/\S{1,254}$/;
/** Queues that every plug-in may tell at, whoever names them: no dialect has any such. */
export const COMMON_QUEUE = /^\/user\/queue\/x\.[\w.-]{1,64}$/;

const COMMANDS = [
  'message.send',
  'message.edit',
  'message.recall',
  'message.hide',
  'message.pin',
  'message.read',
] as const satisfies readonly CommandName[];

export const QUESTIONS = [
  'connect',
  'subscribe',
  'command',
  ...COMMANDS,
  ...INTERCEPTED_EVENTS,
] as const satisfies readonly (keyof Questions)[];

const HOOKS = ['only', 'intercept', 'listen', 'messageTypes', 'destinations', 'queues', 'close'];
const SCOPES = ['dialects', 'tenants', 'destinations'];

/** The definition that a module exports. Throws, in words for its author, where there is none. */
export function definitionOf(module: object): PluginDefinition {
  const found = (module as { readonly default?: unknown }).default;
  if (isObject(found) && typeof found.setup === 'function') return found as unknown as PluginDefinition;
  throw new Error('its default export is no plug-in: use definePlugin({ setup() { … } })');
}

/** What the hooks ask for. Throws, in words for their author, where a name or form is not known. */
export function manifestOf(hooks: unknown): Manifest {
  if (!isObject(hooks)) throw new Error('setup must return an object of hooks');
  requireNames('a hook', hooks, HOOKS);
  const {
    only = {},
    intercept = {},
    listen = {},
    messageTypes = {},
    destinations = {},
    queues = [],
  } = hooks as PluginHooks;
  requireScope(only);
  requireFunctions('intercept', intercept, QUESTIONS);
  requireFunctions('listen', listen, LISTENED_EVENTS);
  for (const [name, type] of Object.entries(messageTypes)) requireType(name, type);
  for (const [name, destination] of Object.entries(destinations)) requireDestination(name, destination);
  if (!Array.isArray(queues)) throw new Error('queues must be a list of texts');
  for (const queue of queues) requireQueue(queue);
  return {
    only,
    intercept: Object.keys(intercept),
    listen: Object.keys(listen),
    messageTypes: Object.keys(messageTypes),
    destinations: Object.entries(destinations).map(([name, { queue = queueOf(name) }]) => ({ name, queue })),
    queues: [...queues],
  };
}

function requireScope(only: unknown): void {
  if (!isObject(only)) throw new Error('only must be an object');
  requireNames('only', only, SCOPES);
  for (const [name, values] of Object.entries(only)) {
    if (Array.isArray(values) && values.every((value) => typeof value === 'string')) continue;
    throw new Error(`only.${name} must be a list of texts`);
  }
}

function requireFunctions(what: string, table: unknown, known: readonly string[]): void {
  if (!isObject(table)) throw new Error(`${what} must be an object`);
  requireNames(what, table, known);
  for (const [name, run] of Object.entries(table)) {
    if (typeof run !== 'function') throw new Error(`${what}["${name}"] must be a function`);
  }
}

function requireNames(what: string, table: object, known: readonly string[]): void {
  const unknown = Object.keys(table).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new Error(`"${unknown}" is not known as ${what}; known are ${known.join(', ')}`);
}

function requireType(name: string, type: unknown): void {
  if (!ADDED_TYPE.test(name)) throw new Error(`the message type "${name}" needs a name such as x.poll`);
  if (!isObject(type) || !isObject(type.schema)) throw new Error(`the message type ${name} needs a schema`);
}

function requireDestination(name: string, destination: unknown): void {
  if (!ADDED_DESTINATION.test(name)) {
    throw new Error(`the destination "${name}" needs a name such as /app/shop.order`);
  }
  if (!isObject(destination) || typeof destination.handle !== 'function') {
    throw new Error(`the destination ${name} needs a function handle`);
  }
  if (destination.queue !== undefined) requireQueue(destination.queue);
}

function requireQueue(queue: unknown): void {
  if (typeof queue === 'string' && ADDED_DESTINATION.test(queue)) return;
  throw new Error(`the queue "${queue}" needs a name such as /user/queue/shop.order`);
}

/** Where sessions are answered unless the destination says so itself: `/user/queue/shop.order` for `/app/shop.order`. */
function queueOf(name: string): string {
  return `/user/queue/${name.replace(/^\/[^/]+\/(?=.)|^\//, '')}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
