import type { BaseConnection } from './base-connection.ts';
import { Flusher } from './flusher.ts';
import {
  checkSettings,
  DEFAULT_SETTINGS,
  type TransportEvents,
  type TransportOptions,
  type TransportSettings,
} from './options.ts';
import { Registry } from './registry.ts';
import { TimerWheel } from './timer-wheel.ts';

/** What all connections of one `TransportServer` share. */
export interface TransportContext {
  readonly settings: TransportSettings;
  readonly events: TransportEvents;
  readonly connections: Registry<BaseConnection>;
  readonly flusher: Flusher;
  readonly timers: TimerWheel;
}

export function createContext({ events: given = {}, ...options }: TransportOptions): TransportContext {
  const settings: TransportSettings = { ...DEFAULT_SETTINGS, ...options };
  checkSettings(settings);
  const events = complete(given);
  return {
    settings,
    events,
    connections: new Registry(),
    flusher: new Flusher((bytes) => events.bytesOut(bytes)),
    timers: new TimerWheel(tickFor(settings)),
  };
}

/** Fills in what is not listened to. The listener may be an instance of a class, so its methods are called on it. */
function complete(given: Partial<TransportEvents>): TransportEvents {
  return {
    opened: (connection) => given.opened?.(connection),
    closed: (connection, cause) => given.closed?.(connection, cause),
    bytesIn: (count) => given.bytesIn?.(count),
    bytesOut: (count) => given.bytesOut?.(count),
    refused: (reason, page) => given.refused?.(reason, page),
    failed: (connection, error) => given.failed?.(connection, error),
  };
}

/** A twentieth of the shortest wait is exact enough, within what one system timer can do at next to no cost. */
function tickFor(settings: TransportSettings): number {
  const waits = [settings.pingInterval, settings.sockJsHeartbeat, settings.sockJsSessionTimeout];
  const shortest = Math.min(...waits.filter((wait) => wait > 0), 5_000);
  return Math.max(5, Math.round(shortest / 20));
}
