import type { Logger } from 'pino';
import type { CommandGate } from '../core/command-gate.ts';
import { DomainError, toDomainError } from '../core/errors.ts';
import type { EventSink } from '../core/events.ts';
import type { Timers } from '../core/ports/timers.ts';
import type { Catalog } from '../dialects/common/catalog.ts';
import type { AddedNames } from '../dialects/common/destination-map.ts';
import type { SessionHooks } from '../dialects/common/session-hooks.ts';
import type { Metrics } from '../observe/metrics.ts';
import { loadPlugins, type PluginSettings } from './load.ts';
import { MessageTypes } from './message-types.ts';
import { Panel } from './panel.ts';
import { PluginGate } from './plugin-gate.ts';
import { PluginSessions } from './plugin-sessions.ts';
import { PluginSink } from './plugin-sink.ts';
import { queuesOf } from './protocol.ts';
import { ServedCalls, type ServedCallsDeps } from './served-calls.ts';
import type { PluginOutcome, Supervisor, SupervisorEvents } from './supervisor.ts';

export interface PluginsDeps {
  /** What the protocols have themselves. */
  readonly catalogs: readonly Catalog[];
  readonly timers: Timers;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** What plug-ins may ask: known only once the core is made, which needs the plug-ins. */
interface Late {
  calls: ServedCalls | undefined;
}

/** All plug-ins of the server, at the places where they have a say. */
export class Plugins {
  readonly gate: CommandGate;
  readonly sessions: SessionHooks;
  readonly #plugins: readonly Supervisor[];
  readonly #panel: Panel;
  readonly #deps: PluginsDeps;
  readonly #late: Late;

  private constructor(plugins: readonly Supervisor[], deps: PluginsDeps, late: Late) {
    const counted = (plugin: string, outcome: PluginOutcome): void =>
      deps.metrics.pluginCalls.add(1, plugin, outcome);
    const panel = new Panel(plugins, counted);
    const types = new MessageTypes(plugins, counted);
    const sessions = new PluginSessions({ panel, types, plugins, counted });
    this.gate = new PluginGate({ panel, types, dialectOf: (id) => sessions.dialectOf(id) });
    this.sessions = sessions;
    this.#plugins = plugins;
    this.#panel = panel;
    this.#deps = deps;
    this.#late = late;
    for (const plugin of plugins) deps.metrics.watchQueue(`plugin ${plugin.name}`, () => plugin.depth);
  }

  /**
   * Starts the plug-ins; undefined where none is configured, so that nothing has to pass them. Throws a StartError that
   * names the first that can't be used.
   */
  static async start(settings: PluginSettings, deps: PluginsDeps): Promise<Plugins | undefined> {
    if (settings.plugins.length === 0 && Object.keys(settings.pluginOptions).length === 0) return undefined;
    const late: Late = { calls: undefined };
    const plugins = await loadPlugins(settings, {
      catalogs: deps.catalogs,
      timers: deps.timers,
      eventsOf: (plugin) => eventsOf(plugin, deps),
      serve: async (plugin, call) => {
        const served = late.calls;
        if (!served) throw new DomainError('EINTERNAL', 'the server does not serve yet');
        return served.serve(plugin, call).catch((error: unknown) => {
          throw toDomainError(error);
        });
      },
    });
    return new Plugins(plugins, deps, late);
  }

  /** The sink with the plug-ins in front of it. */
  before(sink: EventSink): PluginSink {
    const { log } = this.#deps;
    return new PluginSink(sink, this.#panel, ({ type }, err) => {
      const isFault = toDomainError(err).code === 'EINTERNAL';
      log[isFault ? 'warn' : 'debug']({ err, event: type }, 'an event was kept from the sessions');
    });
  }

  /** Lets the plug-ins ask something of the server. */
  serve(deps: Omit<ServedCallsDeps, 'ownsQueue'>): void {
    const queues = new Map(this.#plugins.map(({ name, manifest }) => [name, new Set(queuesOf(manifest))]));
    const ownsQueue = (plugin: string, queue: string): boolean => queues.get(plugin)?.has(queue) ?? false;
    this.#late.calls = new ServedCalls({ ...deps, ownsQueue });
  }

  /** The destinations and queues that are theirs. */
  get addedNames(): readonly AddedNames[] {
    return this.#plugins.map(({ name, manifest }) => ({
      plugin: name,
      dialects: manifest.only.dialects,
      names: [...manifest.destinations.map((destination) => destination.name), ...queuesOf(manifest)],
    }));
  }

  /** Lets them end, after everything they were told. */
  async close(): Promise<void> {
    await Promise.all(this.#plugins.map((plugin) => plugin.close()));
  }
}

function eventsOf(plugin: string, { metrics, log }: PluginsDeps): SupervisorEvents {
  return {
    outcome: (outcome) => metrics.pluginCalls.add(1, plugin, outcome),
    restarting(reason, pause) {
      metrics.pluginRestarts.add(1, plugin);
      log.warn({ plugin, reason, pause }, 'a plug-in is restarted');
    },
    fault: (hook, fault) => log.warn({ plugin, hook, fault }, 'a plug-in failed'),
    printed: (text) => log.info({ plugin }, text),
  };
}
