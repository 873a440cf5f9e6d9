import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Crowd } from './support/chaos/crowd.ts';
import { faultsAt, GROUP, gather } from './support/chaos/witness.ts';
import { type ChildServer, startChildServer } from './support/child-server.ts';
import { type PostgresServer, SKIP_POSTGRES, startPostgres } from './support/postgres.ts';

/** How often each is killed. */
const ROUNDS = Number(process.env.HAINA_CHAOS_ROUNDS ?? 2);
/** Confirmations between two kills, at most. */
const MAX_BETWEEN = 300;

/** A server, its PostgreSQL and the people who write meanwhile. */
class World {
  readonly postgres: PostgresServer;
  readonly crowd = new Crowd();
  server!: ChildServer;
  readonly #settings: Record<string, string>;

  private constructor(postgres: PostgresServer, settings: Record<string, string>) {
    this.postgres = postgres;
    this.#settings = settings;
  }

  static async open(t: TestContext): Promise<World> {
    const postgres = await startPostgres();
    t.after(() => postgres.dispose());
    const world = new World(postgres, {
      HAINA_STORE: await postgres.createDatabase(),
      HAINA_DATA_DIR: await mkdtemp(join(tmpdir(), 'haina-chaos-')),
      HAINA_LOG_LEVEL: 'fatal',
    });
    await world.startServer();
    t.after(() => world.server.stop());
    world.crowd.start(() => world.server.wsUrl, await gather(world.server, [world.crowd]));
    return world;
  }

  async startServer(): Promise<void> {
    this.server = await startChildServer(this.#settings);
  }

  async killServer(): Promise<void> {
    await this.server.kill();
    await this.startServer();
  }

  async killPostgres(): Promise<void> {
    await this.postgres.kill9();
    await this.postgres.restart();
  }

  async killBoth(): Promise<void> {
    await Promise.all([this.server.kill(), this.postgres.kill9()]);
    // The server waits for its PostgreSQL.
    await Promise.all([this.startServer(), this.postgres.restart()]);
  }

  /** Runs statements past the server, as superuser. */
  async tamper(sql: string): Promise<void> {
    await this.postgres.admin(sql, this.#settings.HAINA_STORE);
  }

  /** Where what is stored, and told to who was away, is not what was confirmed. */
  faults(): Promise<string[]> {
    return faultsAt(this.server, [this.crowd]);
  }
}

const KILLS = {
  server: (world: World) => world.killServer(),
  PostgreSQL: (world: World) => world.killPostgres(),
  'server and PostgreSQL': (world: World) => world.killBoth(),
};

for (const [what, kill] of Object.entries(KILLS)) {
  test(`kill -9 of ${what} while all dialects write: what was confirmed is there, once, in order`, {
    skip: SKIP_POSTGRES,
  }, async (t) => {
    const world = await World.open(t);
    for (let round = 0; round < ROUNDS; round++) {
      await world.crowd.reach(20 + Math.floor(Math.random() * MAX_BETWEEN));
      await kill(world);
    }
    await world.crowd.reach(20);
    await world.crowd.stop();
    assert.deepEqual(await world.faults(), []);
    const repeated = world.crowd.speakers.reduce((sum, { repeated: { size } }) => sum + size, 0);
    t.diagnostic(`${world.crowd.count} messages confirmed in ${ROUNDS} rounds, ${repeated} sent again`);
  });
}

/** What must not be: done to messages of the group, beneath a server that runs. */
const LAST = `(SELECT last_seq FROM conversation WHERE id = '${GROUP}')`;
const IN_GROUP = `conversation = (SELECT pk FROM conversation WHERE id = '${GROUP}')`;
const BEHIND_THE_BACK: Readonly<Record<string, [string, RegExp]>> = {
  removed: [
    `DELETE FROM message WHERE ${IN_GROUP} AND seq = ${LAST} - 2`,
    /stored: chaos-\S+ is missing(?:.|\n)*missed: chaos-\S+ is missing/,
  ],
  doubled: [
    `DROP INDEX message_client;
     CREATE TEMP TABLE twin AS SELECT * FROM message WHERE ${IN_GROUP} AND seq = ${LAST} - 2;
     UPDATE twin SET seq = seq + 3, id = id || '0', number = (SELECT max(number) + 1 FROM message);
     INSERT INTO message SELECT * FROM twin;
     UPDATE conversation SET last_seq = last_seq + 1 WHERE id = '${GROUP}'`,
    /stored: chaos-\S+ twice(?:.|\n)*missed: chaos-\S+ twice/,
  ],
  swapped: [
    `CREATE TEMP TABLE pair AS SELECT min(seq) AS one, max(seq) AS other FROM message WHERE ${IN_GROUP}
       AND sender = (SELECT sender FROM message WHERE ${IN_GROUP} GROUP BY sender ORDER BY count(*) DESC LIMIT 1);
     UPDATE message SET seq = -1 FROM pair WHERE ${IN_GROUP} AND seq = one;
     UPDATE message SET seq = one FROM pair WHERE ${IN_GROUP} AND seq = other;
     UPDATE message SET seq = other FROM pair WHERE ${IN_GROUP} AND seq = -1`,
    /stored: chaos-\S+ after one that chaos-\S+ sent later/,
  ],
};

for (const [what, [sql, words]] of Object.entries(BEHIND_THE_BACK)) {
  test(`a confirmed message that was ${what} behind the server's back is found`, {
    skip: SKIP_POSTGRES,
  }, async (t) => {
    const world = await World.open(t);
    await world.crowd.reach(100);
    await world.crowd.stop();
    await world.tamper(sql);
    assert.match((await world.faults()).join('\n'), words);
  });
}
