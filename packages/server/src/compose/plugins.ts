import { CATALOGS } from '../dialects/catalogs.ts';
import { DestinationMap } from '../dialects/common/destination-map.ts';
import { Plugins } from '../plugins/plugins.ts';
import type { Ground } from './ground.ts';

/** The plug-ins, each in a process of its own; undefined where none is configured. */
export async function composePlugins({
  config,
  timers,
  metrics,
  log,
  teardown,
}: Ground): Promise<Plugins | undefined> {
  const plugins = await Plugins.start(config, { catalogs: CATALOGS, timers, metrics, log });
  teardown.defer('plug-ins', () => plugins?.close());
  return plugins;
}

/** What clients of other servers write, and what it means here; undefined where nothing has another name. */
export function composeDestinations(
  { config }: Ground,
  plugins: Plugins | undefined,
): DestinationMap | undefined {
  return DestinationMap.of(config.destinations, CATALOGS, plugins?.addedNames);
}
