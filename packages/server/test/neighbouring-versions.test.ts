import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { POSTGRES_MIGRATIONS } from '../src/store/postgres/migrations.ts';
import { Crowd } from './support/chaos/crowd.ts';
import { faultsAt, gather, storedAt } from './support/chaos/witness.ts';
import { type ChildServer, startChildServer } from './support/child-server.ts';
import { type PostgresServer, SKIP_POSTGRES, sharedPostgres } from './support/postgres.ts';
import { findPrevious, unpack } from './support/previous-version.ts';
import { TEST_SECRET } from './support/token.ts';

const previous = findPrevious();
const skip = SKIP_POSTGRES || (typeof previous === 'string' && previous);
const usableFrom = Math.max(...POSTGRES_MIGRATIONS.map((migration) => migration.usableFrom));
const excluded = typeof previous !== 'string' && previous.version < usableFrom;

describe('the program of the schema version before', { skip }, () => {
  let postgres: PostgresServer;
  let main: string;
  let folder: string;
  before(async () => {
    assert.ok(typeof previous !== 'string');
    postgres = await sharedPostgres();
    ({ folder, main } = unpack(previous));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Each node has a data folder of its own: the store is what they share. */
  const settingsOf = (store: string) => ({
    HAINA_STORE: store,
    HAINA_DATA_DIR: mkdtempSync(join(tmpdir(), 'haina-node-')),
    HAINA_LOG_LEVEL: 'fatal',
  });

  test('works beside this one on one database: nothing is lost, doubled or out of order', {
    skip: excluded && 'the newest steps of the schema exclude it',
    // Who can't write any more confirms nothing, for ever.
    timeout: 600_000,
  }, async (t) => {
    const store = await postgres.createDatabase();
    const [settingsOfOld, settingsOfNew] = [settingsOf(store), settingsOf(store)];
    const startOld = () => startChildServer(settingsOfOld, { main });
    let old: ChildServer = await startOld();
    t.after(() => old.stop());
    const [oldCrowd, newCrowd] = [new Crowd('old'), new Crowd('new')];
    const crowds = [oldCrowd, newCrowd];
    const to = await gather(old, crowds);
    oldCrowd.start(() => old.wsUrl, to);
    await oldCrowd.reach(50);
    // This one brings the schema up to date while the other one writes.
    const fresh = await startChildServer(settingsOfNew);
    t.after(() => fresh.stop());
    newCrowd.start(() => fresh.wsUrl, to);
    await Promise.all(crowds.map((crowd) => crowd.reach(100)));
    // And the other one starts on the schema that it finds.
    await old.kill();
    old = await startOld();
    await Promise.all(crowds.map((crowd) => crowd.reach(100)));
    for (const crowd of crowds) await crowd.stop();
    assert.deepEqual(await storedAt(old, crowds), await storedAt(fresh, crowds));
    assert.deepEqual(await faultsAt(old, crowds), []);
    const { length } = (await storedAt(fresh, crowds)).get(to.group) ?? [];
    t.diagnostic(`${length} messages in one group by schema ${JSON.stringify(previous)} and this one`);
  });

  test('is refused in one line where the newest steps exclude it', {
    skip: !excluded && 'they let it work',
  }, async () => {
    const settings = settingsOf(await postgres.createDatabase());
    await (await startChildServer(settings)).kill();
    const env = { ...process.env, ...settings, HAINA_SECRET: TEST_SECRET, HAINA_PORT: '0' };
    const { status, stderr } = spawnSync(process.execPath, [main, 'serve'], { env, encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^haina: the database has schema version \d+, this haina knows \d+: use a newer haina\n$/,
    );
  });
});
