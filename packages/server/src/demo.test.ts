import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Argon2Hasher } from './auth/passwords.ts';
import { StartError } from './config/start-error.ts';
import { type Core, createCore } from './core/index.ts';
import { DEFAULT_LIMITS } from './core/limits.ts';
import type { HashRequester } from './core/ports/passwords.ts';
import type { Store } from './core/ports/store.ts';
import { DEMO_ACCOUNTS, seedDemo } from './demo.ts';
import { createIdSource } from './ids.ts';
import { MemoryAttendance } from './presence/memory/attendance.ts';
import { openSqliteStore } from './store/sqlite/index.ts';

interface World extends Core {
  readonly store: Store;
  readonly hashes: { count: number };
}

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'haina-demo-'));
});
after(() => rm(folder, { recursive: true }));

/** Runs with a core over the named data folder, counting the passwords that are hashed. */
async function withWorld(name: string, run: (world: World) => Promise<void>): Promise<void> {
  const store = await openSqliteStore({ dataDir: join(folder, name) });
  const hasher = new Argon2Hasher();
  const hashes = { count: 0 };
  const passwords = {
    verify: hasher.verify.bind(hasher),
    hash(password: string, requester: HashRequester) {
      hashes.count++;
      return hasher.hash(password, requester);
    },
  };
  const clock = { now: () => Date.now() };
  const deps = {
    store,
    sink: { publish() {}, notify() {} },
    clock,
    ids: createIdSource(clock),
    passwords,
    limits: { ...DEFAULT_LIMITS, minPasswordLength: 1 },
    register: new MemoryAttendance(),
  };
  try {
    await run({ ...createCore(deps), store, hashes });
  } finally {
    await store.close();
  }
}

test('the demo has its accounts with their uids, roles and passwords, and the group of them all', async () => {
  await withWorld('first', async (world) => {
    await seedDemo(world);
    const expected = [
      ['alice', 1, 'user'],
      ['bob', 2, 'user'],
      ['carol', 3, 'user'],
      ['agent1', 4, 'agent'],
      ['agent2', 5, 'agent'],
      ['admin', 6, 'admin'],
    ];
    for (const [name, uid, role] of expected as [string, number, string][]) {
      const user = await world.users.authenticate({ tenant: 'default', username: name, password: name });
      assert.deepEqual([user.id, user.uid, user.role, user.tenant], [name, uid, role, 'default']);
    }
    assert.equal(
      (await world.users.authenticate({ tenant: 'ak_demo_chat', username: 'user_001', password: 'user_001' }))
        .uid,
      1,
    );
    assert.equal(
      (await world.users.authenticate({ tenant: 'ak_demo_chat', username: 'user_002', password: 'user_002' }))
        .uid,
      2,
    );
    const members = await world.store.listMembers('default', 'demo', { limit: 10 });
    assert.deepEqual(members.map(({ userId }) => userId).sort(), expected.map(([name]) => name).sort());
  });
});

test('a later start changes nothing and hashes nothing', async () => {
  await withWorld('first', async (world) => {
    await world.users.update({ tenant: 'default', userId: 'alice', role: 'user', name: 'alice' }, 'alice', {
      nickname: 'Alice in chains',
    });
    await seedDemo(world);
    assert.equal(world.hashes.count, 0);
    assert.equal((await world.store.findUser('default', 'alice'))?.nickname, 'Alice in chains');
  });
});

test('what went missing comes back', async () => {
  await withWorld('first', async (world) => {
    await world.users.delete({ tenant: 'default', userId: 'admin', role: 'admin', name: 'admin' }, 'bob');
    await seedDemo(world);
    assert.equal((await world.store.findUser('default', 'bob'))?.uid, 2);
  });
});

test('a folder of real users is refused in one sentence', async () => {
  await withWorld('real', async (world) => {
    await world.users.create(
      { tenant: 'default', userId: 'x', role: 'admin', name: 'x' },
      { id: 'chen', username: 'chen' },
    );
    await assert.rejects(seedDemo(world), StartError);
  });
});

test('names of accounts are unique in their tenant', () => {
  const names = DEMO_ACCOUNTS.map(({ tenant, name }) => `${tenant}/${name}`);
  assert.equal(new Set(names).size, names.length);
});
