import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from './child.ts';
import { RawClient } from './raw-client.ts';

const MAIN = fileURLToPath(new URL('../../server/src/main.ts', import.meta.url));
const SECRET = randomBytes(48).toString('base64url');
const LIFETIME = 3600;

/** A haina in production mode with an empty data directory. */
export async function startHaina(): Promise<Child> {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-bench-'));
  const child = await startChild(MAIN, ['serve'], {
    HAINA_HOST: '127.0.0.1',
    HAINA_PORT: '0',
    HAINA_DATA_DIR: dataDir,
    HAINA_SECRET: SECRET,
    HAINA_SEND_RATE: '0',
    HAINA_LOG_LEVEL: 'warn',
    // The load's clients answer no pings.
    HAINA_PING_INTERVAL: '0',
    NODE_ENV: 'production',
  });
  return {
    ...child,
    async stop() {
      await child.stop();
      await rm(dataDir, { recursive: true });
    },
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
