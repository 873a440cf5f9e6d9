import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authenticator } from '../../auth/authenticator.ts';
import { Argon2Hasher } from '../../auth/passwords.ts';
import { createTokens } from '../../auth/tokens.ts';
import { type Core, createCore } from '../../core/index.ts';
import { DEFAULT_LIMITS, type Limits } from '../../core/limits.ts';
import { PresenceLook } from '../../core/presence-look.ts';
import { Deliveries } from '../../hub/deliveries.ts';
import { Hub } from '../../hub/hub.ts';
import { Sessions } from '../../hub/sessions.ts';
import { createIdSource } from '../../ids.ts';
import { createLogger } from '../../observe/logger.ts';
import { Metrics } from '../../observe/metrics.ts';
import { MemoryAttendance } from '../../presence/memory/attendance.ts';
import { ManualTimers } from '../../stomp/testing/manual-timers.ts';
import { openSqliteStore } from '../../store/sqlite/index.ts';
import type { Connection, ConnectionHandler, ConnectionRequest } from '../../transport/connection.ts';
import type { Batch } from '../../transport/payload.ts';
import type { PlainDialect } from '../common/dialect.ts';
import { room } from './index.ts';

/** The dialect over a real core and store, without sockets. */
export interface RoomWorld {
  readonly core: Core;
  readonly dialect: PlainDialect;
  stop(): Promise<void>;
}

const SECRET = 'q7Zt2mX9vLr4Kc8sWb1nYd6fHj3gPa5e';

export async function startRoomWorld(limits: Partial<Limits> = {}): Promise<RoomWorld> {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-room-'));
  const store = await openSqliteStore({ dataDir });
  const clock = { now: () => Date.now() };
  const hub = new Hub(({ error }) => {
    throw error;
  });
  const core = createCore({
    store,
    sink: hub,
    clock,
    ids: createIdSource(clock),
    passwords: new Argon2Hasher(),
    limits: { ...DEFAULT_LIMITS, sendRate: 0, ...limits },
    register: new MemoryAttendance(),
  });
  const { verifier } = createTokens({ secret: SECRET }, clock);
  const deliveries = new Deliveries({
    receipts: core.receipts,
    maxReceiptMembers: DEFAULT_LIMITS.maxReceiptMembers,
    onError(error) {
      throw error;
    },
  });
  const services = {
    core,
    hub,
    sessions: new Sessions(16),
    deliveries,
    presence: new PresenceLook({
      store,
      limits: DEFAULT_LIMITS,
      online: { statusOf: async (users) => users.map(() => 'offline' as const) },
    }),
    authenticator: new Authenticator({
      verifier,
      users: core.users,
      autoProvision: true,
      roleAuthority: 'token',
    }),
    clock,
    timers: new ManualTimers(),
    metrics: new Metrics(),
    log: await createLogger({ logLevel: 'silent', logFormat: 'json' }),
  };
  const dialect = room(services, {
    auth: 'none',
    tenant: 'default',
    heartbeat: 120_000,
    maxRooms: 16,
    maxGuestsPerAddress: 0,
    maxMembers: 20_000,
    keys: undefined,
  });
  return {
    core,
    dialect,
    async stop() {
      await deliveries.close();
      await core.attendance.settled();
      await store.close();
      await rm(dataDir, { recursive: true });
    },
  };
}

const REQUEST: ConnectionRequest = {
  path: '/ws/room',
  query: new URLSearchParams(),
  authorizations: [],
  headers: {},
  remoteAddress: '127.0.0.1',
};

let connections = 0;

/** A connection of which there can be thousands: it keeps only what was written last. */
export class CrowdConnection implements Connection {
  readonly id = `crowd-${++connections}`;
  readonly transport = 'websocket';
  readonly request = REQUEST;
  readonly subprotocol = '';
  readonly carriesBinary = true;
  readonly queuedBytes = 0;
  isOpen = true;
  enqueuedBytes = 0;
  /** Since `forget`. */
  writes: Batch[] = [];
  frames = 0;
  readonly #handler: ConnectionHandler;
  #answered = () => {};
  #mayKeep = false;

  constructor(dialect: PlainDialect) {
    this.#handler = dialect.accept(this);
  }

  write(batch: Batch): void {
    this.frames += batch.payloads.length;
    if (this.#mayKeep) this.writes.push(batch);
    this.#answered();
  }

  /** Says something; resolves with the first thing that is written afterwards. */
  ask(document: object): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#answered = resolve;
    this.#handler.onMessage(Buffer.from(JSON.stringify(document)), false);
    return promise;
  }

  /** Forgets what was written, and keeps what will be. */
  forget(): void {
    this.writes = [];
    this.frames = 0;
    this.#mayKeep = true;
  }

  /** Everything kept, as text. */
  get texts(): string[] {
    return this.writes.flatMap(({ payloads }) => payloads.map(({ data }) => data.toString()));
  }

  /** As the transport does when the server stops. */
  stopping(): Promise<void> | void {
    return this.#handler.onStopping?.();
  }

  drop(): void {
    this.isOpen = false;
    this.#handler.onClose('client');
  }

  close(): void {
    this.drop();
  }
  pause(): void {}
  resume(): void {}
  disableHeartbeat(): void {}
}
