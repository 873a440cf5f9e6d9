import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { type ChildServer, startChildServer } from './support/child-server.ts';
import { type PostgresServer, SKIP_POSTGRES, startPostgres } from './support/postgres.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const ERRORS = '/user/queue/errors';
const SERVICE = tokenOf('tester', { role: 'service' });

function text(messageId: string) {
  return { messageId, toId: 'bob', chatType: 'SINGLE', msgType: 'TEXT', content: `text of ${messageId}` };
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}

/** Another process brings it about, which tells nobody. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setTimeout(50);
}

/** A server with its store in a database of its own, and alice, who writes to bob. */
class Scene {
  readonly server: ChildServer;
  readonly process: ChildProcess;
  readonly database: string;
  readonly #postgres: PostgresServer;
  readonly #alice: StompClient;
  readonly #confirmed: string[] = [];
  #sent = 0;

  private constructor(
    parts: Pick<Scene, 'server' | 'process' | 'database'> & { postgres: PostgresServer; alice: StompClient },
  ) {
    this.server = parts.server;
    this.process = parts.process;
    this.database = parts.database;
    this.#postgres = parts.postgres;
    this.#alice = parts.alice;
  }

  static async open(t: TestContext, postgres: PostgresServer): Promise<Scene> {
    const database = await postgres.createDatabase();
    let process: ChildProcess | undefined;
    const server = await startChildServer(
      { HAINA_STORE: database, HAINA_LOG_LEVEL: 'warn' },
      {
        started: (child) => {
          process = child;
        },
      },
    );
    t.after(() => server.stop());
    const alice = await StompClient.of(server.wsUrl, 'alice');
    await (await StompClient.of(server.wsUrl, 'bob')).close();
    await alice.subscribe(ERRORS);
    const scene = new Scene({ server, process: process as ChildProcess, database, postgres, alice });
    await scene.isConfirmed();
    return scene;
  }

  /** Sends one, and tells which id it has. */
  send(): string {
    const id = `m${this.#sent++}`;
    this.#alice.sendJson('/app/chat.send', text(id), { receipt: id });
    return id;
  }

  async isConfirmed(): Promise<void> {
    const id = this.send();
    assert.equal((await this.#alice.next('RECEIPT')).headers.get('receipt-id'), id);
    this.#confirmed.push(id);
  }

  /** What was sent is refused, without a RECEIPT: a later one's would come after it. */
  async isRefused(sent = this.send()): Promise<void> {
    const { code, messageId } = await this.#alice.nextAt<{ code: string; messageId: string }>(ERRORS);
    assert.deepEqual([code, messageId], ['EINTERNAL', sent]);
  }

  async isReady(status: number): Promise<void> {
    await until(async () => (await statusOf(`${this.server.url}/readyz`)) === status);
    assert.equal(await statusOf(`${this.server.url}/healthz`), 200);
  }

  /** While it lasts sends are refused and the server is not ready; then all is well by itself, and nothing is lost. */
  async outage(begin: () => Promise<unknown>, end: () => Promise<unknown>): Promise<void> {
    await begin();
    for (let i = 0; i < 5; i++) await this.isRefused();
    await this.isReady(503);
    await this.isRefused();
    await end();
    await this.isReady(200);
    await this.isConfirmed();
    await this.hasAll();
  }

  /** What was confirmed is stored, once and in order, and nothing that was refused. */
  async hasAll(): Promise<void> {
    const response = await fetch(
      `${this.server.url}/api/v1/conversations/single:alice:bob/messages?limit=100`,
      {
        headers: { authorization: `Bearer ${SERVICE}` },
      },
    );
    const { messages } = (await response.json()) as { messages: { clientId: string; seq: number }[] };
    assert.deepEqual(
      messages.map(({ clientId }) => clientId),
      this.#confirmed,
    );
    assert.deepEqual(
      messages.map(({ seq }) => seq),
      messages.map((_, index) => index + 1),
    );
  }

  admin(sql: string): Promise<Record<string, unknown>[]> {
    return this.#postgres.admin(sql, this.database);
  }

  get databaseName(): string {
    return new URL(this.database).pathname.slice(1);
  }

  /** Ends the sessions of the server. Resolves once they are over. */
  async endSessions(): Promise<void> {
    const sessions = `FROM pg_stat_activity WHERE application_name LIKE 'haina/%' AND datname = '${this.databaseName}'`;
    const before = (await this.admin(`SELECT pid, pg_terminate_backend(pid) ${sessions}`)).map(
      ({ pid }) => pid,
    );
    if (before.length === 0) return;
    const pids = before.join();
    await until(
      async () => (await this.admin(`SELECT FROM pg_stat_activity WHERE pid IN (${pids})`)).length === 0,
    );
  }

  /** What it logged of PostgreSQL, once it has stopped. */
  async logged(): Promise<string[]> {
    const { code, logged } = await this.server.signal('SIGTERM');
    assert.equal(code, 0);
    return logged.split('\n').filter((line) => line.includes('PostgreSQL'));
  }
}

describe('a server on PostgreSQL', { skip: SKIP_POSTGRES, concurrency: false }, () => {
  let postgres: PostgresServer;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.dispose());

  for (const mode of ['fast', 'immediate'] as const) {
    test(`that is stopped (${mode}) and started again`, async (t) => {
      const scene = await Scene.open(t, postgres);
      await scene.outage(
        () => postgres.stop(mode),
        () => postgres.restart(),
      );
    });
  }

  test('that is killed and started again, and says so in a few lines of the log however long that takes', async (t) => {
    const scene = await Scene.open(t, postgres);
    await scene.outage(
      () => postgres.kill9(),
      async () => {
        for (let i = 0; i < 100; i++) await scene.isRefused();
        await postgres.restart();
      },
    );
    // One of each kind of work goes and comes; the last word waits until it is sure.
    const lines = await scene.logged();
    assert.ok(lines.length >= 1 && lines.length <= 4, lines.join('\n'));
  });

  test('that has no connection left for it', async (t) => {
    const scene = await Scene.open(t, postgres);
    await scene.outage(
      async () => {
        await scene.admin('ALTER ROLE haina CONNECTION LIMIT 0');
        await scene.endSessions();
      },
      () => scene.admin('ALTER ROLE haina CONNECTION LIMIT -1'),
    );
  });

  test('that became read-only', async (t) => {
    const scene = await Scene.open(t, postgres);
    const alter = `ALTER DATABASE ${scene.databaseName}`;
    await scene.outage(
      async () => {
        await scene.admin(`${alter} SET default_transaction_read_only = on`);
        await scene.endSessions();
      },
      // From another database, where one can write.
      () => postgres.admin(`${alter} RESET default_transaction_read_only`),
    );
    const lines = await scene.logged();
    assert.ok(lines.length >= 1 && lines.length <= 4, lines.join('\n'));
  });

  test('that ended its sessions', async (t) => {
    const scene = await Scene.open(t, postgres);
    for (let i = 0; i < 3; i++) {
      await scene.endSessions();
      // The server has heard of it, or finds out by the first that it tries.
      await scene.isReady(200);
      await scene.isConfirmed();
    }
    await scene.hasAll();
  });

  test('that stands still within a transaction loses its locks, and confirms nothing of it later', async (t) => {
    const scene = await Scene.open(t, postgres);
    const other = new pg.Client(scene.database);
    await other.connect();
    t.after(() => other.end());
    await other.query('BEGIN');
    await other.query('LOCK TABLE conversation IN EXCLUSIVE MODE');
    // It waits while it looks: what it writes goes with its COMMIT, and is done without it once the server has that.
    const sent = scene.send();
    const waits = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'conversation'::regclass`;
    await until(async () => (await scene.admin(waits)).length > 0);
    scene.process.kill('SIGSTOP');
    try {
      await other.query('COMMIT');
      // It has the locks now, and does not go on.
      await other.query(`SET lock_timeout = '20s'`);
      await other.query('BEGIN');
      await other.query('LOCK TABLE conversation IN EXCLUSIVE MODE');
      await other.query('COMMIT');
    } finally {
      scene.process.kill('SIGCONT');
    }
    await scene.isRefused(sent);
    await scene.isReady(200);
    await scene.isConfirmed();
    await scene.hasAll();
  });
});

test('a stop ends the wait for a PostgreSQL that is not there, at once', async () => {
  let child: ChildProcess | undefined;
  const starting = startChildServer(
    // Nobody listens at the discard port of this machine.
    { HAINA_STORE: 'postgres://haina:x@127.0.0.1:9/haina', HAINA_LOG_LEVEL: 'warn' },
    {
      stderr: 'unread',
      started: (process) => {
        child = process;
      },
    },
  );
  starting.catch(() => {});
  await until(async () => child !== undefined);
  const process = child as ChildProcess;
  let logged = '';
  (process.stderr as Readable).on('data', (chunk) => {
    logged += chunk;
  });
  while (!logged.includes('tried again')) await once(process.stderr as Readable, 'data');
  process.kill('SIGTERM');
  const [code] = await once(process, 'exit');
  assert.equal(code, 0);
  await assert.rejects(starting, /ended with 0/);
});
