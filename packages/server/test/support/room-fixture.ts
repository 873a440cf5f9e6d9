import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Runtime } from '../../src/app.ts';
import type { Config } from '../../src/config/settings.ts';
import { RoomClient, type RoomClientOptions } from './room-client.ts';
import { startTestServer, type TestServer } from './server.ts';
import { StompClient } from './stomp-client.ts';
import { tokenOf } from './token.ts';

const ADMIN = tokenOf('admin', { role: 'admin' });

/** A server for the tests of one file, and what they need of it. */
export interface RoomFixture {
  /** Resolves once the server runs: hooks of a file do not wait for each other. */
  readonly ready: Promise<void>;
  readonly server: TestServer;
  open(options?: RoomClientOptions): Promise<RoomClient>;
  openAs(userId: string, options?: RoomClientOptions): Promise<RoomClient>;
  openStomp(userId: string, path: string, destinations: readonly string[]): Promise<StompClient>;
  /** A new room by the API, open where nothing else is said; returns its number. */
  makeRoom(settings?: object): Promise<string>;
  makeUser(id: string, nickname?: string): Promise<void>;
  makeGroup(id: string, ...members: string[]): Promise<void>;
  /** A call of the API by an administrator. */
  manage(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
}

/** Starts the server before the tests of the file, and ends it and all clients after them. */
export function useRooms(settings: Partial<Config> = {}, runtime?: Runtime): RoomFixture {
  let server: TestServer;
  let rooms = 0;
  const ready = Promise.withResolvers<void>();
  const clients: { drop(): Promise<unknown> }[] = [];
  before(async () => {
    server = await startTestServer(settings, runtime);
    ready.resolve();
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.drop()));
    await server.stop();
  });

  const manage = (method: string, path: string, body?: unknown) =>
    server.call(method, `/api/v1${path}`, ADMIN, body);
  const make = async (path: string, body: object): Promise<void> => {
    assert.equal((await manage('POST', path, body)).status, 201);
  };
  const open = async (options: RoomClientOptions = {}): Promise<RoomClient> => {
    const client = await RoomClient.connect(server.wsUrl, options);
    clients.push(client);
    return client;
  };
  return {
    ready: ready.promise,
    get server() {
      return server;
    },
    open,
    openAs: (userId, options = {}) => open({ ...options, token: tokenOf(userId) }),
    async openStomp(userId, path, destinations) {
      const client = await StompClient.connect(server.wsUrl, tokenOf(userId), path);
      clients.push(client);
      for (const destination of destinations) await client.subscribe(destination);
      return client;
    },
    async makeRoom(room = {}) {
      const number = `R${++rooms}`;
      await make('/rooms', { number, name: '房间名称', description: '房间描述', open: true, ...room });
      return number;
    },
    makeUser: (id, nickname = id) => make('/users', { id, username: id, nickname }),
    makeGroup: (id, ...members) =>
      make('/groups', { id, name: id, members: members.map((userId) => ({ userId })) }),
    manage,
  };
}

/** The member of the document's examples, under an id of its own. */
export function person(n: number | string) {
  return {
    headImgUrl: '/abc/efg/h.jpg',
    id: `1jt5325h83rf5h9ue6jk8r3h8jk${n}`,
    nickName: '老三',
    personName: '张三',
    personNum: 'XS00001',
  };
}

/** A user as the rooms show it. */
export function shown(id: string, uid: number, nickname = id) {
  return { headImgUrl: '', id, nickName: nickname, personName: nickname, personNum: String(uid) };
}
