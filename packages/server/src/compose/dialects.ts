import type { RoomKeys } from '../auth/room-keys.ts';
import type { Config } from '../config/settings.ts';
import type { AgentWatch } from '../core/desk/agent-watch.ts';
import type { DestinationMap } from '../dialects/common/destination-map.ts';
import type { Dialect } from '../dialects/common/dialect.ts';
import type { DialectServices } from '../dialects/common/services.ts';
import { desk } from '../dialects/desk/index.ts';
import { im } from '../dialects/im/index.ts';
import { mimi } from '../dialects/mimi/index.ts';
import { type RoomOptions, room } from '../dialects/room/index.ts';
import { xuqm } from '../dialects/xuqm/index.ts';
import type { Plugins } from '../plugins/plugins.ts';
import type { Ground } from './ground.ts';

/** What the dialects are given, beside what every part stands on. */
type Given = Pick<
  DialectServices,
  'core' | 'hub' | 'sessions' | 'deliveries' | 'presence' | 'authenticator'
> & {
  readonly plugins: Plugins | undefined;
  readonly destinations: DestinationMap | undefined;
};

export interface DialectParts {
  readonly services: Given;
  readonly agentWatch: AgentWatch;
  readonly roomKeys: RoomKeys | undefined;
}

/** The protocols that clients may speak. */
export function composeDialects(
  ground: Ground,
  { services: given, agentWatch, roomKeys }: DialectParts,
): readonly Dialect[] {
  const { config } = ground;
  const services = servicesOf(ground, given);
  return [
    xuqm(services),
    im(services, config.imApp),
    mimi(services, config.mimiApp, config.mimiPrefix),
    room(services, roomOptions(config, roomKeys)),
    desk(services, config.deskApp, agentWatch),
  ];
}

function servicesOf({ clock, timers, metrics, log }: Ground, given: Given): DialectServices {
  const { plugins, destinations, ...parts } = given;
  return {
    ...parts,
    clock,
    timers,
    metrics,
    log,
    ...(plugins && { plugins: plugins.sessions }),
    ...(destinations && { destinations }),
  };
}

function roomOptions(config: Config, keys: RoomKeys | undefined): RoomOptions {
  return {
    auth: config.roomAuth,
    tenant: config.roomApp,
    heartbeat: config.roomHeartbeat,
    maxRooms: config.maxRoomsPerSession,
    maxGuestsPerAddress: config.maxGuestsPerAddress,
    maxMembers: config.maxRoomMembers,
    keys,
  };
}
