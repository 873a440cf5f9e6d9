import type { RoomKeys } from '../../auth/room-keys.ts';
import type { DialectServices } from '../common/services.ts';
import type { GuestConnections } from './guest-connections.ts';
import type { OpenedFrames } from './opened-frames.ts';
import type { OutputCounters } from './output.ts';
import type { Rosters } from './rosters.ts';

export interface RoomOptions {
  /** Whether who brings no token is a guest, or refused. */
  readonly auth: 'none' | 'token';
  /** Whose users and guests it is for; `ANY_TENANT` only where there are no guests. */
  readonly tenant: string;
  /** How often clients say that they are alive, in ms. */
  readonly heartbeat: number;
  /** Connections of guests from one address at a time; 0 for any number. */
  readonly maxGuestsPerAddress: number;
  /** Rooms that one connection may be in at a time. */
  readonly maxRooms: number;
  /** People in a room at a time. */
  readonly maxMembers: number;
  /** Absent where tokens are made elsewhere: nothing can be encrypted then. */
  readonly keys: RoomKeys | undefined;
}

/** What all connections of the endpoint share. */
export interface RoomContext {
  readonly services: DialectServices;
  readonly options: RoomOptions;
  readonly rosters: Rosters;
  readonly guests: GuestConnections;
  readonly counters: OutputCounters;
  /** Encrypted frames that came. */
  readonly opened: OpenedFrames;
}

export const ROOM = 'room';
