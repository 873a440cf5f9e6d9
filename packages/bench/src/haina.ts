import { createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Child, startChild } from './child.ts';
import { DataFolder } from './data-folder.ts';
import { type Database, startDatabase } from './postgres.ts';
import { RawClient } from './raw-client.ts';
import { cpuOf, cpuOfWriter, TELLS_CPU } from './usage/cpu.ts';
import type { Usage } from './usage/usage.ts';
import { WalWatch } from './usage/wal-watch.ts';

export type StoreKind = 'sqlite' | 'postgres';

const SECRET = randomBytes(48).toString('base64url');
const LIFETIME = 3600;

/** A haina in production mode, with its store. */
export interface Haina extends Child {
  usage(): Promise<Usage>;
}

/** Where a server's data are. */
export interface Home {
  readonly folder: DataFolder;
  /** Where the store is not a file in the folder. */
  readonly database?: Database | undefined;
}

/** Makes a place for a server that has no data yet. */
export async function makeHome(store: StoreKind): Promise<Home> {
  const database = store === 'postgres' ? await startDatabase() : undefined;
  return { folder: new DataFolder(), database };
}

export async function removeHome({ folder, database }: Home): Promise<void> {
  folder.remove();
  await database?.server.dispose();
}

/** Starts a server on an empty store; its data end with it. @param script its `main.ts` */
export async function startEmpty(script: string, store: StoreKind): Promise<Haina> {
  const home = await makeHome(store);
  try {
    const server = await startHaina(script, home);
    return {
      ...server,
      async stop() {
        await server.stop();
        await removeHome(home);
      },
    };
  } catch (error) {
    await removeHome(home);
    throw error;
  }
}

/** Starts a server on what is there. */
export async function startHaina(script: string, { folder, database }: Home): Promise<Haina> {
  const child = await startChild(script, ['serve'], settings(folder.path, database), (pid) =>
    folder.watch(pid),
  );
  const wal = database ? undefined : new WalWatch(join(folder.path, 'haina.db'));
  return {
    ...child,
    async usage() {
      return {
        cpu: TELLS_CPU ? cpuOf(child.pid) + (database?.cpu() ?? 0) : undefined,
        writer: TELLS_CPU && !database ? cpuOfWriter(child.pid) : undefined,
        database: database?.cpu(),
        walBytes: database ? await database.walBytes() : wal?.bytes,
        walPages: wal?.pages,
      };
    },
    async stop() {
      wal?.close();
      await child.stop();
      folder.watch(0);
    },
  };
}

function settings(dataDir: string, database: Database | undefined): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('HAINA_'));
  return {
    ...Object.fromEntries(others),
    HAINA_HOST: '127.0.0.1',
    HAINA_PORT: '0',
    HAINA_DATA_DIR: dataDir,
    HAINA_SECRET: SECRET,
    HAINA_SEND_RATE: '0',
    HAINA_LOG_LEVEL: 'warn',
    // The load's clients answer no pings.
    HAINA_PING_INTERVAL: '0',
    NODE_ENV: 'production',
    // Versions from before the setting know SQLite only.
    ...(database ? { HAINA_STORE: database.url } : {}),
  };
}

export function tokenOf(sub: string, role = 'user'): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub, app: 'default', role, name: sub, exp: Math.floor(Date.now() / 1000) + LIFETIME };
  const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${content}.${createHmac('sha256', SECRET).update(content).digest('base64url')}`;
}

/** A user's connected STOMP session. */
export async function connect(server: URL, userId: string): Promise<RawClient> {
  const client = await RawClient.open(new URL(`/ws/im?token=${tokenOf(userId)}`, server));
  const connected = frames(client, 1);
  client.send('CONNECT\naccept-version:1.2\nheart-beat:0,0\n\n\0');
  await connected;
  return client;
}

/** Subscribes and waits for the RECEIPT. */
export async function subscribe(client: RawClient, destination: string): Promise<void> {
  const receipt = frames(client, 1);
  client.send(`SUBSCRIBE\nid:sub-1\ndestination:${destination}\nreceipt:s\n\n\0`);
  await receipt;
}

export async function makeGroup(server: URL, id: string, userIds: readonly string[]): Promise<void> {
  const response = await fetch(new URL('/api/v1/groups', server), {
    method: 'POST',
    headers: { authorization: `Bearer ${tokenOf('bench', 'service')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ id, name: id, members: userIds.map((userId) => ({ userId })) }),
  });
  if (!response.ok) throw new Error(`the group was refused: ${await response.text()}`);
}

export function sendFrame(
  chatType: 'SINGLE' | 'GROUP',
  toId: string,
  messageId: string,
  content: string,
): string {
  const body = JSON.stringify({ appId: 'default', messageId, toId, chatType, msgType: 'TEXT', content });
  return `SEND\ndestination:/app/chat.send\ncontent-type:application/json\nreceipt:${messageId}\n\n${body}\0`;
}

function frames(client: RawClient, wanted: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    client.onFrames = (count) => {
      seen += count;
      if (seen >= wanted) resolve();
    };
  });
}
