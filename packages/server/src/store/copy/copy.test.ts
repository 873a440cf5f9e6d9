import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { SKIP_POSTGRES, sharedPostgres } from '../../../test/support/postgres.ts';
import { parseStore } from '../../config/store-url.ts';
import type { Store } from '../../core/ports/store.ts';
import { membershipsOf, newMessage, newUser, toGroup } from '../contract/fixture.ts';
import { deskStoreContract } from '../desk-store-contract.ts';
import { openPostgresStore } from '../postgres/index.ts';
import { openSqliteStore } from '../sqlite/index.ts';
import { newestVersion } from '../sqlite/migrations.ts';
import { storeContract } from '../store-contract.ts';
import { type CopiedTable, type CopyWatch, copyStore, isEqual } from './copy.ts';
import type { CopyEnd } from './end.ts';
import { type EndChoice, openEnd } from './open-end.ts';

const QUIET: CopyWatch = { begin() {}, reach() {}, end() {}, say() {} };

const folder = mkdtempSync(join(tmpdir(), 'haina-copy-'));
after(() => rmSync(folder, { recursive: true }));

function folderNamed(name: string): EndChoice & { kind: 'sqlite' } {
  return { kind: 'sqlite', dataDir: join(folder, name) };
}

async function newPostgres(): Promise<EndChoice & { kind: 'postgres' }> {
  const choice = parseStore(await (await sharedPostgres()).createDatabase());
  assert.equal(choice.kind, 'postgres');
  return choice as EndChoice & { kind: 'postgres' };
}

function openStore(choice: EndChoice): Promise<Store> {
  return choice.kind === 'sqlite' ? openSqliteStore(choice) : openPostgresStore(choice);
}

/** Closes it whatever happens: an open one keeps the process alive. */
async function withStore<T>(choice: EndChoice, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(choice);
  return await work(store).finally(() => store.close());
}

async function withEnds<T>(
  from: EndChoice,
  to: EndChoice,
  work: (source: CopyEnd, target: CopyEnd) => Promise<T>,
): Promise<T> {
  const source = await openEnd(from, 'source');
  try {
    const target = await openEnd(to, 'target');
    return await work(source, target).finally(() => target.close());
  } finally {
    await source.close();
  }
}

function copy(from: EndChoice, to: EndChoice): Promise<readonly CopiedTable[]> {
  return withEnds(from, to, (source, target) => copyStore(source, target, newestVersion(), QUIET));
}

/** What clients and managers can read of every tenant. */
async function everythingOf(store: Store): Promise<unknown[]> {
  const numbered = Array.from({ length: 150 }, (_, n) => [`tenant${n}`, `desk${n}`]).flat();
  const read: unknown[] = [await store.listWebhooks(), await store.listLog(100)];
  read.push(await store.countServices(), (await store.listWaitingTenants()).sort());
  for (const tenant of ['odd', ...numbered]) {
    const page = { limit: 100 };
    const users = await store.listUsers(tenant, page);
    read.push(tenant, users, await store.listGroups(tenant, page), await store.listRooms(tenant, page));
    read.push(await store.listAudit(tenant, page), await store.findChatSettings(tenant));
    read.push(await store.listDeadLetters(tenant, page), await store.findBoard(tenant));
    for (const service of await store.listServices({ tenant, ...page })) {
      read.push(service, await store.listNotes(tenant, service.id, 100));
    }
    for (const { id } of users) read.push(...(await seenBy(store, tenant, id)));
  }
  return read;
}

async function seenBy(store: Store, tenant: string, userId: string): Promise<unknown[]> {
  const query = { tenant, userId, limit: 100 };
  const views = await store.listConversations(query);
  const read: unknown[] = [views, await membershipsOf(store, tenant, userId), await store.listPending(query)];
  read.push(
    await store.listUntoldNotifications({ ...query, now: 10 }),
    await store.listPins({ tenant, userId }),
  );
  read.push(await store.findAccount(tenant, userId), await store.findChatPermission(tenant, userId));
  for (const { conversation } of views) {
    const { id: conversationId } = conversation;
    read.push(await store.listMessages({ tenant, conversationId, viewerId: userId, limit: 100 }));
    read.push(await store.listMembers(tenant, conversationId, { limit: 100 }));
    read.push(await store.listHidden(tenant, conversationId, userId));
  }
  return read;
}

/** Texts that one of the databases can't hold as they are, or sorts in another way. */
async function addOddTexts(store: Store): Promise<void> {
  const tenant = 'odd';
  // The contract leaves none of these: every table is to have something.
  const hook = {
    tenant,
    id: 'hook',
    url: 'https://example.org/\u001a',
    events: ['*'],
    secret: 'x',
    createdBy: 'a',
  };
  await store.createWebhook({ ...hook, createdAt: 1 }, 5);
  const entry = { tenant, target: 'gone', eventType: 'x', body: '{}', at: 1 };
  await store.createWebhook({ ...hook, id: 'gone', createdAt: 1 }, 5);
  const entries = Array.from({ length: 300 }, (_, n) => ({ ...entry, eventId: `${n}` }));
  await store.recordDeliveries(entries, 1000);
  await store.deleteWebhook(tenant, 'gone');
  await store.keepLog(true);
  for (const id of ['alice', 'bob'])
    await store.createUser({ ...newUser(tenant, id), nickname: `😀\0${id}\u001a0` });
  await store.noteLogin({ tenant, userId: 'alice', network: '10.0.0.1', at: 1 });
  await store.createGroup({
    tenant,
    id: 'team',
    name: 'a\0b',
    members: [{ userId: 'alice', role: 'owner' }],
    createdAt: 1,
  });
  const texts = [
    '\0',
    '\u001a',
    '\u001a0\u001a1',
    '👩‍👩‍👧‍👦',
    "'; DROP TABLE message; --",
    '\\x00',
    '\uffff',
    '界'.repeat(300_000),
  ];
  for (const text of texts) await store.appendMessage(newMessage(tenant, 'alice', toGroup('team'), text));
  for (let n = 0; n < 40; n++) {
    await store.appendMessage(newMessage(tenant, 'alice', toGroup('team'), `${n}`.repeat(100_000)));
  }
}

const ORIGIN = folderNamed('origin');

/** One store for all parts of the contract, so that it holds everything that any of them leaves. */
async function openOrigin() {
  const store = await openSqliteStore(ORIGIN);
  return { store, dispose: () => store.close() };
}

if (SKIP_POSTGRES) {
  test('copy', { skip: SKIP_POSTGRES });
} else {
  await storeContract('what is copied', openOrigin);
  deskStoreContract('what is copied', openOrigin);
}

describe('copy', { skip: SKIP_POSTGRES }, () => {
  test('what a store holds is the same on the way to PostgreSQL, on to another, and back to SQLite', async () => {
    const expected = await withStore(ORIGIN, async (store) => {
      await addOddTexts(store);
      return everythingOf(store);
    });
    const ways = [await newPostgres(), await newPostgres(), folderNamed('back'), folderNamed('again')];
    let from: EndChoice = ORIGIN;
    let first: readonly CopiedTable[] | undefined;
    for (const to of ways) {
      const tables = await copy(from, to);
      for (const table of tables) assert.ok(isEqual(table), table.name);
      first ??= tables;
      assert.deepEqual(tables, first);
      from = to;
    }
    // Reading through the store writes its own slots of numbers; so only now.
    for (const choice of ways) {
      await withStore(choice, async (store) => {
        assert.deepEqual(await everythingOf(store), expected);
        await goesOn(store);
      });
    }
    const empty = first?.filter(({ source }) => source.rows === 0).map(({ name }) => name);
    assert.deepEqual(empty, [], 'the contract leaves something in each table');
  });

  test('both schemas have the same columns, so that none is left out', async () => {
    const described = [folderNamed('empty'), await newPostgres()].map(async (choice) => {
      const end = await openEnd(choice, 'target');
      await end.migrate();
      return end.tables().finally(() => end.close());
    });
    const [one = [], other] = await Promise.all(described);
    assert.ok(one.length > 20);
    assert.deepEqual(one, other);
  });

  test('a target with rows is refused, and so is a source of another version or without a database', async () => {
    const [postgres, other] = [await newPostgres(), await newPostgres()];
    await copy(ORIGIN, postgres);
    await assert.rejects(copy(ORIGIN, postgres), /is not empty: there are rows in "account"/);
    await assert.rejects(copy(postgres, ORIGIN), /is not empty/);
    await assert.rejects(copy(other, folderNamed('target')), /there is no database of haina at postgres:/);
    await assert.rejects(copy(folderNamed('missing'), other), /there is no database at .*missing/);
  });

  test('a database in use is refused, whatever its server calls itself', async () => {
    const [postgres, named] = [await newPostgres(), await newPostgres()];
    const renamed = { ...named, address: { ...named.address, applicationName: 'chat' } };
    for (const used of [ORIGIN, postgres, renamed]) {
      const asked = used === renamed ? named : used;
      const message =
        used === ORIGIN ? /is in use by another haina/ : /stop them first; there are (haina\/main|chat)/;
      await withStore(used, async (store) => {
        await store.probe();
        await assert.rejects(copy(asked, folderNamed('nowhere')), message);
      });
    }
  });

  test('a half-done copy goes on from the same source only, and no server starts on it', async () => {
    for (const to of [await newPostgres(), folderNamed('half')]) {
      await withEnds(ORIGIN, to, async (source, target) => {
        const cut = new Proxy(target, { get: (end, name: keyof CopyEnd) => endingAt(end, name, 'member') });
        await assert.rejects(copyStore(source, cut, newestVersion(), QUIET), /cut/);
      });
      await assert.rejects(openStore(to), /only a part of what is copied into it/);
      await assert.rejects(copy(await newSource(), to), /half-done copy of sqlite:.*origin/);
      for (const table of await copy(ORIGIN, to)) assert.ok(isEqual(table), table.name);
      await (await openStore(to)).close();
    }
  });

  test('what is changed behind a copy is found, and the copy stays half-done', async () => {
    const postgres = await newPostgres();
    const tables = await withEnds(ORIGIN, postgres, (source, target) =>
      copyStore(source, new Proxy(target, { get: losing }), newestVersion(), QUIET),
    );
    assert.deepEqual(
      tables.filter((table) => !isEqual(table)).map(({ name }) => name),
      ['pin'],
    );
    await assert.rejects(openStore(postgres), /only a part of what is copied into it/);
  });
});

/** Fails before anything of a table is written. */
function endingAt(target: CopyEnd, name: keyof CopyEnd, last: string): unknown {
  const value = target[name];
  if (typeof value !== 'function') return value;
  if (name !== 'write') return value.bind(target);
  return (...args: Parameters<CopyEnd['write']>) =>
    args[0].name === last ? Promise.reject(new Error('cut')) : target.write(...args);
}

/** Leaves the last pin out of what is written, and says nothing. */
function losing(target: CopyEnd, name: keyof CopyEnd): unknown {
  const value = target[name];
  if (typeof value !== 'function') return value;
  if (name !== 'write') return value.bind(target);
  return (...[table, rows, progress]: Parameters<CopyEnd['write']>) =>
    target.write(table, table.name === 'pin' ? rows.slice(0, -1) : rows, progress);
}

async function newSource(): Promise<EndChoice> {
  const choice = folderNamed(`source${++sources}`);
  await (await openStore(choice)).close();
  return choice;
}

let sources = 0;

/** Everything can still be written: keys that the database gives are new, and so are numbers. */
async function goesOn(store: Store): Promise<void> {
  const tenant = 'odd';
  await store.createUser(newUser(tenant, 'carol'));
  await store.createGroup({
    tenant,
    id: 'new',
    name: '',
    members: [{ userId: 'alice', role: 'owner' }],
    createdAt: 1,
  });
  const old = await store.listMessages({ tenant, conversationId: 'team', viewerId: 'alice', limit: 1 });
  const { message } = await store.appendMessage(newMessage(tenant, 'alice', toGroup('team'), 'later'));
  assert.equal(message.seq, Number(old[0]?.seq) + 1);
  assert.ok(message.number > Number(old[0]?.number));
  await store.reserveFile({ tenant, id: 'new file', ownerId: 'alice', createdAt: 5 });
  const entry = { tenant, target: 'bus', eventId: 'new', eventType: 't', body: '{}', at: 1 };
  await store.recordDeliveries([entry as never], 10);
}
