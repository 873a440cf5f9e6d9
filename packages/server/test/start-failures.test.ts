import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import type { Config } from '../src/config/settings.ts';
import { migrateDatabase } from '../src/store/sqlite/index.ts';
import { startTestServer } from './support/server.ts';

/** How long to wait for what must come, in ms. Only a test that fails waits that long. */
const PATIENCE = 10_000;

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'haina-start-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

/** A database that lacks a table: whoever needs it at the start fails there. */
function without(table: string): void {
  migrateDatabase(dataDir);
  const db = new DatabaseSync(join(dataDir, 'haina.db'), { enableForeignKeyConstraints: false });
  db.exec(`DROP TABLE ${table}`);
  db.close();
}

/** Threads, sockets and the like that keep this process busy. */
function resources(): string[] {
  const passing = ['Timeout', 'Immediate', 'CloseReq', 'FSReqPromise', 'FSReqCallback'];
  return process.getActiveResourcesInfo().filter((name) => !passing.includes(name));
}

/** A process that was killed is gone a moment later. */
async function areLeft(expected: readonly string[]): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (resources().join() !== expected.join() && performance.now() < end) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(resources(), expected);
}

type Fault = () => Partial<Config> | undefined | Promise<Partial<Config> | undefined>;

const FAULTS: readonly (readonly [where: string, fault: Fault, message: RegExp])[] = [
  ['plug-ins', () => ({ plugins: ['./there-is-none.ts'] }), /there-is-none/],
  ['name at NATS', () => ({ natsUrl: ['nats://a%zz:b@127.0.0.1:4222'] }), /in natsUrl has a %/],
  ['business events', () => without('webhook') as undefined, /can not do it now/],
  ['attendance', () => without('room') as undefined, /can not do it now/],
  ['file storage', () => writeFile(join(dataDir, 'files'), '') as Promise<undefined>, /files/],
  ['agents of the desk', () => without('desk_agent') as undefined, /can not do it now/],
];

for (const [where, fault, message] of FAULTS) {
  test(`a start that fails at the ${where} leaves nothing behind`, async () => {
    const settings = await fault();
    const before = resources();
    await assert.rejects(startTestServer({ ...settings, dataDir, demo: false }), message);
    await areLeft(before);
    // The folder is free again.
    migrateDatabase(dataDir);
  });
}

test('a start that fails at the very last, its port, leaves nothing behind and works once the port is free', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const before = resources();
  await assert.rejects(startTestServer({ dataDir, port }), { code: 'EADDRINUSE' });
  await areLeft(before);
  other.close();
  await once(other, 'close');
  const server = await startTestServer({ dataDir, port });
  await server.stop();
});
