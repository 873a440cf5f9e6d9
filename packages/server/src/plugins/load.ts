import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { StartError } from '../config/start-error.ts';
import type { Timers } from '../core/ports/timers.ts';
import type { Catalog } from '../dialects/common/catalog.ts';
import { nameOf, shippedHint } from './entry.ts';
import { type HostCall, queuesOf } from './protocol.ts';
import { Supervisor, type SupervisorEvents } from './supervisor.ts';

export interface PluginSettings {
  /** In their order: paths, names of packages, names of shipped plug-ins. */
  readonly plugins: readonly string[];
  /** By plug-in's name. */
  readonly pluginOptions: Readonly<Record<string, unknown>>;
  /** How long a question may take, in ms. */
  readonly pluginTimeout: number;
  /** What the heap of each plug-in's process may hold, in bytes. */
  readonly pluginMemory: number;
  /** Where plug-ins keep their files. */
  readonly dataDir: string;
}

export interface LoadDeps {
  /** What the protocols have themselves. */
  readonly catalogs: readonly Catalog[];
  readonly timers: Timers;
  eventsOf(plugin: string): SupervisorEvents;
  /** Does what a plug-in asks of the server. */
  serve(plugin: string, call: HostCall): Promise<unknown>;
}

/** Starts every plug-in, in the order of the configuration. Throws a StartError for the first that can't be used. */
export async function loadPlugins(settings: PluginSettings, deps: LoadDeps): Promise<Supervisor[]> {
  requireNames(settings);
  const started = await Promise.allSettled(settings.plugins.map((entry) => load(entry, settings, deps)));
  const plugins = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  try {
    for (const result of started) if (result.status === 'rejected') throw result.reason;
    requireOwnNames(plugins);
    requireFreeNames(plugins, deps.catalogs);
    return plugins;
  } catch (error) {
    await Promise.all(plugins.map((plugin) => plugin.close()));
    throw error;
  }
}

async function load(entry: string, settings: PluginSettings, deps: LoadDeps): Promise<Supervisor> {
  const name = nameOf(entry);
  try {
    return await Supervisor.start({
      name,
      entry,
      base: pathToFileURL(`${process.cwd()}/`).href,
      dataDir: resolve(settings.dataDir),
      options: Object.hasOwn(settings.pluginOptions, name) ? settings.pluginOptions[name] : {},
      memory: settings.pluginMemory,
      limit: settings.pluginTimeout,
      timers: deps.timers,
      events: deps.eventsOf(name),
      serve: (call) => deps.serve(name, call),
    });
  } catch (cause) {
    const reason = firstLine(cause as Error);
    const hint = reason === `Cannot find package '${entry}'` ? shippedHint(entry) : '';
    throw new StartError(`the plug-in ${entry} can't be used: ${reason}${hint}`, { cause });
  }
}

function requireNames({ plugins, pluginOptions }: PluginSettings): void {
  const names = plugins.map(nameOf);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new StartError(`plugins has two that are called "${twice}"`);
  const unknown = Object.keys(pluginOptions).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new StartError(`pluginOptions has options of "${unknown}", which is none of the plugins`);
  }
}

/** Two plug-ins can't add the same. */
function requireOwnNames(plugins: readonly Supervisor[]): void {
  const owners = new Map<string, string>();
  for (const { name, manifest } of plugins) {
    const names = manifest.destinations.map((destination) => destination.name);
    for (const added of new Set([...manifest.messageTypes, ...names, ...queuesOf(manifest)])) {
      const other = owners.get(added);
      if (other !== undefined) throw new StartError(`the plug-ins ${other} and ${name} both add ${added}`);
      owners.set(added, name);
    }
  }
}

/** What a protocol has is never hidden from its clients. */
function requireFreeNames(plugins: readonly Supervisor[], catalogs: readonly Catalog[]): void {
  for (const { name, manifest } of plugins) {
    const { dialects } = manifest.only;
    const concerned = catalogs.filter(({ dialect }) => dialects?.includes(dialect) ?? true);
    const require = (added: string, isTaken: (catalog: Catalog) => boolean): void => {
      const owner = concerned.find(isTaken);
      if (!owner) return;
      throw new StartError(`the plug-in ${name} adds ${added}, which ${owner.dialect} has itself`);
    };
    for (const { name: added } of manifest.destinations) require(added, (catalog) => catalog.takes(added));
    for (const queue of queuesOf(manifest)) require(queue, (catalog) => catalog.tells(queue));
  }
}

/** Without where the server's own loader stands, which says nothing to the operator. */
function firstLine({ message }: Error): string {
  return message.split('\n', 1)[0]?.replace(/ imported from .*/, '') ?? '';
}
