import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  PgBouncer,
  type PostgresServer,
  SKIP_PGBOUNCER,
  sharedPostgres,
} from '../../../test/support/postgres.ts';
import { StartError } from '../../config/start-error.ts';
import { newMessage, newUser, toUser } from '../contract/fixture.ts';
import { examinePostgres } from './doctor/examine.ts';
import { addressOf } from './postgres-fixture.ts';
import { openPostgresStore } from './store.ts';

/** Of PgBouncer: how it chooses among the sessions that are free. */
const CHOICES = { 'the last one': '0', 'all in turn': '1' };

describe('PgBouncer', { skip: SKIP_PGBOUNCER }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await sharedPostgres();
  });
  const poolers: PgBouncer[] = [];
  after(() => Promise.all(poolers.map((pooler) => pooler.stop())));

  async function pooled(settings: Readonly<Record<string, string>>) {
    const pooler = await PgBouncer.start(server, settings);
    poolers.push(pooler);
    return addressOf(pooler.through(await server.createDatabase()));
  }

  test('in session mode a store does its work, and goes on with sessions that others had', async () => {
    const address = await pooled({ pool_mode: 'session', default_pool_size: '20' });
    const warnings: string[] = [];
    const troubles = { waiting: assert.fail, warn: (text: string) => warnings.push(text), unavailable() {} };
    const texts: string[] = [];
    for (const text of ['one', 'two']) {
      const stores = await Promise.all(
        ['a', 'b'].map((node) => openPostgresStore({ address, node, troubles })),
      );
      const [one, other] = stores as [(typeof stores)[0], (typeof stores)[0]];
      for (const id of text === 'one' ? ['alice', 'bob'] : []) await one.createUser(newUser('t', id));
      await Promise.all([
        one.appendMessage(newMessage('t', 'alice', toUser('bob'), `${text} of a`)),
        other.appendMessage(newMessage('t', 'bob', toUser('alice'), `${text} of b`)),
      ]);
      texts.push(`${text} of a`, `${text} of b`);
      for (const store of stores) await store.close();
    }
    const store = await openPostgresStore({ address });
    const found = await store.listMessages({
      tenant: 't',
      conversationId: 'single:alice:bob',
      viewerId: 'alice',
      limit: 10,
    });
    await store.close();
    assert.deepEqual(new Set(found.map(({ content }) => content.text)), new Set(texts));
    const numbers = found.map(({ number }) => number);
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].toSorted((a, b) => a - b),
    );
    assert.deepEqual(warnings, []);
    const { lines } = await examinePostgres(address, { isQuick: true });
    assert.equal(lines.find(({ what }) => what === 'pooler')?.verdict, 'ok');
  });

  for (const [choice, server_round_robin] of Object.entries(CHOICES)) {
    test(`in transaction mode a start is refused at once, as PgBouncer takes ${choice}`, async () => {
      const address = await pooled({ pool_mode: 'transaction', server_round_robin });
      await assert.rejects(openPostgresStore({ address, startTimeout: 60_000 }), (error: unknown) => {
        assert.ok(error instanceof StartError);
        assert.match(
          error.message,
          /a pooler that gives each transaction another session; set its pool_mode to session/,
        );
        return true;
      });
      const { lines } = await examinePostgres(address, { isQuick: true });
      assert.equal(lines.find(({ what }) => what === 'pooler')?.verdict, 'bad');
    });
  }
});
