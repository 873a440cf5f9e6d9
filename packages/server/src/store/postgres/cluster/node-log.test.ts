import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SKIP_POSTGRES, sharedPostgres } from '../../../../test/support/postgres.ts';
import type { Store } from '../../../core/ports/store.ts';
import type { CommittedRecord } from '../../../log/record.ts';
import { newMessage, newUser, toUser } from '../../contract/fixture.ts';
import { addressOf } from '../postgres-fixture.ts';
import { openPostgresNodeLog, openPostgresStore } from '../store.ts';
import { Membership } from './membership.ts';
import type { PostgresNodeLog } from './node-log.ts';

const options = { skip: SKIP_POSTGRES };

interface TestNode {
  readonly store: Store;
  readonly log: PostgresNodeLog;
  readonly membership: Membership;
  readonly committed: CommittedRecord[];
}

let url: string;
const nodes: TestNode[] = [];

before(async () => {
  if (!SKIP_POSTGRES) url = await (await sharedPostgres()).createDatabase();
});
after(async () => {
  for (const { store, log } of nodes) {
    await store.close();
    await log.leave();
    await log.close();
  }
  if (!SKIP_POSTGRES) await (await sharedPostgres()).dropDatabase(url);
});

async function openNode(name: string): Promise<TestNode> {
  const membership = new Membership(name);
  const committed: CommittedRecord[] = [];
  const keep = async (record: CommittedRecord): Promise<void> => {
    committed.push(record);
  };
  const address = addressOf(url);
  const store = await openPostgresStore({ address, node: name, cluster: { membership, committed: keep } });
  const log = openPostgresNodeLog({ address, node: name }, { membership, version: '1' });
  const node = { store, log, membership, committed };
  nodes.push(node);
  return node;
}

async function rows(sql: string): Promise<number> {
  const [found] = await (await sharedPostgres()).admin(sql, url);
  return Number(found?.n);
}

test(
  'a node tells others what it commits from the moment they come, and each in its place',
  options,
  async () => {
    const first = await openNode('a');
    await first.log.join();
    for (const id of ['alice', 'bob']) await first.store.createUser(newUser('t', id));
    await first.store.appendMessage(newMessage('t', 'alice', toUser('bob'), 'before'));
    assert.equal(await rows('SELECT count(*) AS n FROM node_log'), 0, 'nobody reads what it does');

    const second = await openNode('b');
    const positions = await second.log.join();
    assert.equal(first.membership.hasOthers, false, 'it has not heard of it yet');
    await first.store.appendMessage(newMessage('t', 'alice', toUser('bob'), 'after'));
    assert.equal(first.membership.hasOthers, true);
    const [record, ...others] = await second.log.read(positions);
    assert.deepEqual(others, []);
    const [entry] = record?.entries ?? [];
    assert.ok(entry?.type === 'message-appended' && entry.message.content.text === 'after');
    assert.deepEqual(
      first.committed.map(({ writer, first: from, last }) => [writer, from, last]),
      [[record?.writer, 1, 1]],
    );

    await second.store.appendMessage(newMessage('t', 'bob', toUser('alice'), 'answer'));
    const [answer] = second.committed;
    assert.deepEqual([...(answer?.after ?? [])], [[record?.writer, 1]], 'it comes after what it answers');
    assert.deepEqual(await second.log.read(new Map([[record?.writer as string, 1]])), [], 'its own it knows');
  },
);

test('a node whose place is gone is told so, and takes another one', options, async () => {
  const node = await openNode('c');
  await node.log.join();
  const { id } = node.membership;
  assert.ok((await node.log.renew({}))?.some(({ isThis, name }) => isThis && name === 'c'));
  await (await sharedPostgres()).admin(`DELETE FROM node WHERE id = '${id}'`, url);
  assert.equal(await node.log.renew({}), undefined);
  await node.log.join();
  assert.notEqual(node.membership.id, id);
  assert.ok(await node.log.renew({}));
});

test('what is told only is written for others, in its place among what is stored', options, async () => {
  const [first, second] = nodes as [TestNode, TestNode];
  const positions = await second.log.join();
  const record = await first.log.append([{ type: 'told', tellings: [] }]);
  const read = await second.log.read(positions);
  assert.deepEqual(
    read.map(({ writer, n, entries }) => [writer, n, entries]),
    [[record?.writer, record?.last, [{ type: 'told', tellings: [] }]]],
  );
});
