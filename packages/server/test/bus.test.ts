import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { run } from '../src/cli/cli-fixture.ts';
import { NatsServer, SKIP_NATS } from './support/nats-server.ts';
import { SKIP_POSTGRES, sharedPostgres } from './support/postgres.ts';
import { figureReaches } from './support/refusals.ts';
import { startTestServer } from './support/server.ts';
import { TEST_SECRET } from './support/token.ts';

describe('a server with HAINA_BUS', { skip: SKIP_NATS || SKIP_POSTGRES }, () => {
  let nats: NatsServer;
  let store: string;
  before(async () => {
    nats = await NatsServer.start('--user', 'me', '--pass', 'p@ss');
    store = await (await sharedPostgres()).createDatabase();
  });
  after(() => nats.stop());

  test('connects at the start, serves while the bus is away, and connects again', async (t) => {
    const server = await startTestServer({ store, bus: [nats.url.replace('//', '//me:p%40ss@')] });
    t.after(() => server.stop());
    await figureReaches(server.url, 'haina_bus_up', 1);
    await nats.kill();
    await figureReaches(server.url, 'haina_bus_up', 0);
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
    await nats.resume();
    await figureReaches(server.url, 'haina_bus_up', 1);
  });

  test('not set, is told by PostgreSQL, also after its connection was ended', async (t) => {
    const postgres = await sharedPostgres();
    const server = await startTestServer({ store, node: 'ann' });
    t.after(() => server.stop());
    await figureReaches(server.url, 'haina_bus_up', 1);
    const sessions = `FROM pg_stat_activity WHERE application_name = 'haina-bus/ann'`;
    const [before] = await postgres.admin(`SELECT pid, pg_terminate_backend(pid) ${sessions}`);
    assert.ok(before, 'the bus has a connection of its own');
    const isBack = `SELECT FROM pg_stat_activity WHERE application_name = 'haina-bus/ann' AND pid <> ${before.pid}`;
    while ((await postgres.admin(isBack)).length === 0);
    await figureReaches(server.url, 'haina_bus_up', 1);
  });

  test('and SQLite, has no bus', async (t) => {
    const server = await startTestServer({ store: 'sqlite' });
    t.after(() => server.stop());
    assert.doesNotMatch(await (await fetch(`${server.url}/metrics`)).text(), /^haina_bus_up/m);
  });

  test('does not start where the bus can not be used, and says why in one line', async () => {
    const env = { HAINA_STORE: store, HAINA_BUS: nats.url, HAINA_SECRET: TEST_SECRET, HAINA_PORT: '0' };
    const { code, stderr } = await run(['serve'], { env });
    assert.equal(code, 1);
    assert.match(stderr, /the NATS of the bus at 127\.0\.0\.1:\d+ does not let haina in: /);
  });
});
