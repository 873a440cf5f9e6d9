import type { PlainDialect } from '../common/dialect.ts';
import type { DialectServices } from '../common/services.ts';
import { ROOM, type RoomContext, type RoomOptions } from './context.ts';
import { GuestConnections } from './guest-connections.ts';
import { RoomHandler } from './handler.ts';
import { OpenedFrames } from './opened-frames.ts';
import { Rosters } from './rosters.ts';

export type { RoomOptions } from './context.ts';

/** Of a member in the list that whoever comes into a room is told, in bytes: more than most need. */
const BYTES_PER_MEMBER = 512;

/** Rooms and classrooms, for guests and users. */
export function room(services: DialectServices, options: RoomOptions): PlainDialect {
  const { core, hub, metrics } = services;
  const context: RoomContext = {
    services,
    options,
    rosters: new Rosters(core.attendance, hub),
    guests: new GuestConnections(options.maxGuestsPerAddress),
    opened: new OpenedFrames(),
    counters: { frames: metrics.framesOut.of(ROOM, 'message'), deliveries: metrics.deliveries.of(ROOM) },
  };
  return {
    name: ROOM,
    summary: 'Rooms and classrooms, plain WebSocket, JSON',
    paths: ['/ws/room'],
    accept: (connection) => new RoomHandler(connection, context),
    extraQueuedBytes: options.maxMembers * BYTES_PER_MEMBER,
  };
}
