import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { SYSTEM_TIMERS } from '../stomp/timers.ts';
import type { Presence, PresentUser } from './presence.ts';
import { NodeLease } from './shared/node-lease.ts';
import { SharedPlaces } from './shared/places.ts';
import { SharedPresence } from './shared/presence.ts';
import { type LeaseTimes, type Register, RegisterUnavailable } from './shared/register.ts';

/** As short as a loaded machine allows: nobody may lose its lease because a test is slow. */
export const CONTRACT_TIMES: LeaseTimes = { lasts: 1500, renewal: 100, settling: 300 };

const ALICE = { tenant: 'default', userId: 'alice' };
const BOB = { tenant: 'default', userId: 'bob' };

/** What a node needs of an adapter. */
export interface NodeRegister {
  readonly register: Register;
  /** Ends the node's way to the register, as a crash does. */
  cut(): Promise<void>;
}

export interface Cluster {
  /** Another node of the cluster. @param onUp called when the register can be asked again */
  register(incarnation: string, onUp: () => void): Promise<NodeRegister>;
  /** Empties the register, as an operator or a crash of its server does. */
  empty(): Promise<void>;
  /** Lets the register answer nobody, until the result is called. */
  lose(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

interface TestNode {
  readonly presence: Presence;
  readonly lease: NodeLease;
  readonly places: SharedPlaces;
  /** Members whose places were freed by a sweep of this node. */
  readonly freed: string[];
  /** Whether the node reaches the register. */
  isCutOff: boolean;
  /** As a kill -9 does it. */
  die(): Promise<void>;
  /** As a SIGTERM does it. */
  stop(): Promise<void>;
}

/** What every adapter of the presence port promises of the users of several nodes. */
export function nodesContract(
  adapter: string,
  open: () => Promise<Cluster>,
  skip: string | false = false,
): void {
  describe(`presence of many nodes: ${adapter}`, { skip }, () => {
    let cluster: Cluster | undefined;
    let nodes: TestNode[] = [];
    afterEach(async () => {
      await Promise.all(nodes.splice(0).map((node) => node.die()));
      await cluster?.close();
      cluster = undefined;
    });

    async function start(...names: readonly string[]) {
      cluster = await open();
      const told: string[] = [];
      const begin = (name: string) => startNode(cluster as Cluster, name, told);
      nodes = await Promise.all(names.map(begin));
      return { cluster, told, begin, nodes: nodes as [TestNode, TestNode] };
    }

    test('a user at two nodes comes with its first session and goes with its last', async () => {
      const { told, nodes } = await start('a', 'b');
      const [a, b] = nodes;
      await enter(a, ALICE);
      await enter(b, ALICE);
      await leave(a, ALICE);
      assert.deepEqual(told, ['a: alice online']);
      assert.deepEqual(await a.presence.statusOf([ALICE, BOB]), ['online', 'offline']);
      await leave(b, ALICE);
      assert.deepEqual(told, ['a: alice online', 'b: alice offline']);
      assert.deepEqual(await a.presence.statusOf([ALICE]), ['offline']);
    });

    test('of nodes that a user enters at once, one tells of it', async () => {
      const { told, nodes } = await start('a', 'b');
      const users = Array.from({ length: 500 }, (_, n) => ({ tenant: 'default', userId: `user${n}` }));
      for (const user of users) for (const { presence } of nodes) presence.entered(user);
      await Promise.all(nodes.map(({ presence }) => presence.settled()));
      assert.deepEqual(count(told, 'online'), users.length);
      for (const user of users) for (const { presence } of nodes) presence.left(user);
      await until(() => count(told, 'offline') === users.length);
      await Promise.all(nodes.map(({ presence }) => presence.settled()));
      assert.equal(told.length, 2 * users.length);
      assert.equal(new Set(told.map((line) => line.slice(3))).size, 2 * users.length);
    });

    test('users of a node that died are told to be offline once, but those who are back', async () => {
      const { told, nodes, begin } = await start('a', 'b');
      const c = await begin('c');
      const [a, b] = nodes;
      const others = Array.from({ length: 450 }, (_, n) => ({ tenant: 'default', userId: `user${n}` }));
      for (const user of [ALICE, BOB, ...others]) a.presence.entered(user);
      await a.presence.settled();
      await a.die();
      await enter(b, BOB);
      await until(() => count(told, 'offline') === others.length + 1);
      assert.equal(
        told.some((line) => line.includes('bob offline')),
        false,
      );
      assert.equal(count(told, 'bob online'), 1);
      assert.deepEqual(await c.presence.statusOf([ALICE, BOB]), ['offline', 'online']);
      await leave(b, BOB);
      assert.deepEqual(told.slice(-1), ['b: bob offline']);
      assert.equal(count(told, 'offline'), others.length + 2);
      await c.die();
    });

    test('users of a node that stopped go after the grace, unless they are back', async () => {
      const { told, nodes } = await start('a', 'b');
      const [a, b] = nodes;
      await enter(a, ALICE);
      await enter(a, BOB);
      await a.stop();
      await enter(b, BOB);
      await until(() => told.includes('b: alice offline'));
      assert.deepEqual(told.slice(2), ['b: alice offline']);
    });

    test('a node that nobody heard of for a while is told to be back', async () => {
      const { told, nodes } = await start('a', 'b');
      const [a, b] = nodes;
      await enter(a, ALICE);
      await enter(a, BOB);
      await enter(b, BOB);
      a.isCutOff = true;
      await until(() => told.includes('b: alice offline'));
      assert.deepEqual(await a.presence.statusOf([ALICE, BOB]), ['unknown', 'unknown']);
      assert.deepEqual(await b.presence.statusOf([ALICE, BOB]), ['offline', 'online']);
      a.isCutOff = false;
      await until(() => told.length === 4);
      assert.deepEqual(told.slice(2), ['b: alice offline', 'a: alice online']);
      await leave(b, BOB);
      assert.deepEqual(await b.presence.statusOf([ALICE, BOB]), ['online', 'online']);
      assert.equal(told.length, 4);
    });

    test('while nobody answers nobody is known, and all is well again afterwards', async () => {
      const { told, nodes, cluster } = await start('a', 'b');
      const [a, b] = nodes;
      await enter(a, ALICE);
      await enter(a, BOB);
      await enter(b, BOB);
      const thaw = await cluster.lose();
      await until(() => !a.lease.isHeld && !b.lease.isHeld);
      assert.deepEqual(await a.presence.statusOf([ALICE, BOB]), ['unknown', 'unknown']);
      await thaw();
      await until(() => a.lease.isSettled && b.lease.isSettled);
      await Promise.all(nodes.map(({ presence }) => presence.settled()));
      assert.deepEqual(await b.presence.statusOf([ALICE, BOB]), ['online', 'online']);
      assert.equal(count(told, 'bob'), 1);
      assert.equal(count(told, 'alice online') - count(told, 'alice offline'), 1);
    });

    test('an emptied register is filled again, and nobody is told what is no news', async () => {
      const { told, nodes, cluster } = await start('a', 'b');
      const [a, b] = nodes;
      await enter(a, ALICE);
      await enter(b, ALICE);
      await enter(b, BOB);
      await cluster.empty();
      // Before any node noticed.
      a.presence.left(ALICE);
      const emptied = until(() => !a.lease.isSettled || !b.lease.isSettled);
      await emptied;
      await until(() => a.lease.isSettled && b.lease.isSettled);
      await Promise.all(nodes.map(({ presence }) => presence.settled()));
      assert.deepEqual(told, ['a: alice online', 'b: bob online']);
      assert.deepEqual(await a.presence.statusOf([ALICE, BOB]), ['online', 'online']);
      await leave(b, ALICE);
      assert.deepEqual(told.slice(2), ['b: alice offline']);
    });

    test('what happens while the register is lost is told once it is back, as far as it is news then', async () => {
      const { told, nodes, cluster } = await start('a', 'b');
      const [a, b] = nodes;
      await enter(a, ALICE);
      const thaw = await cluster.lose();
      await until(() => !a.lease.isHeld && !b.lease.isHeld);
      a.presence.left(ALICE);
      b.presence.entered(BOB);
      await Promise.all(nodes.map(({ presence }) => presence.settled()));
      assert.deepEqual(told, ['a: alice online']);
      await thaw();
      await until(() => told.length === 3);
      assert.deepEqual(
        told
          .slice(1)
          .map((line) => line.slice(3))
          .sort(),
        ['alice offline', 'bob online'],
      );
    });

    test('a place that a session of one node has is refused on the others until it is left', async () => {
      const { nodes } = await start('a', 'b');
      const [a, b] = nodes;
      const both = [a.places.take(place('ada', '1'), MANY), b.places.take(place('ada', '2'), MANY)];
      assert.deepEqual((await Promise.all(both)).sort(), ['entered', 'taken']);
      assert.equal(await b.places.count('room'), 1);
      await Promise.all([a.places.leave(place('ada', '1')), b.places.leave(place('ada', '2'))]);
      assert.equal(await b.places.take(place('ada', '3'), MANY), 'entered');
    });

    test('the most members of a set are counted over all nodes', async () => {
      const { nodes } = await start('a', 'b');
      const all = Array.from({ length: 20 }, (_, n) =>
        (nodes[n % 2] as TestNode).places.take(place(`m${n}`, 's'), 7),
      );
      const outcomes = await Promise.all(all);
      assert.equal(outcomes.filter((outcome) => outcome === 'entered').length, 7);
      assert.equal(await nodes[0].places.count('room'), 7);
    });

    test('places of a node that died are free, once what followed from them has ended', async () => {
      const { nodes } = await start('a', 'b');
      const [a, b] = nodes;
      for (let n = 0; n < 250; n++) await a.places.take(place(`m${n}`, 's', `room${n}`), 1);
      await a.die();
      await until(() => b.freed.length === 250);
      let outcome: string = 'taken';
      while (outcome !== 'entered') outcome = await b.places.take(place('m249', 's', 'room249'), 1);
      assert.equal(new Set(b.freed).size, b.freed.length);
    });

    test('what an earlier start of a node left is free at once', async () => {
      const { cluster, nodes } = await start('a/1', 'b/1');
      await nodes[0].places.take(place('ada', 's'), 1);
      await nodes[0].die();
      const again = await startNode(cluster, 'a/2', []);
      await until(() => again.freed.length === 1);
      assert.equal(nodes[1].freed.length, 0);
      await again.die();
    });

    test('places outlast a register that lost its contents', async () => {
      const { nodes, cluster } = await start('a', 'b');
      const [a, b] = nodes;
      await a.places.take(place('ada', '1'), MANY);
      await cluster.empty();
      await until(() => !a.lease.isSettled || !b.lease.isSettled);
      await until(() => a.lease.isSettled && b.lease.isSettled);
      assert.equal(await b.places.take(place('ada', '2'), MANY), 'taken');
    });

    test('while the register is lost a node goes by itself; afterwards the others know', async () => {
      const { nodes } = await start('a', 'b');
      const [a, b] = nodes;
      await a.places.take(place('ada', '1'), MANY);
      a.isCutOff = true;
      await a.places.leave(place('ada', '1'));
      assert.equal(await a.places.take(place('bea', '1'), 1), 'entered');
      assert.equal(await a.places.take(place('cia', '1'), 1), 'full');
      a.isCutOff = false;
      await until(() => a.lease.isSettled);
      let count = 0;
      while (count !== 1) count = await b.places.count('room');
      assert.equal(await b.places.take(place('bea', '2'), MANY), 'taken');
      assert.equal(await b.places.take(place('ada', '2'), MANY), 'entered');
    });
  });
}

const MANY = 10;

function place(member: string, holder: string, set = 'room') {
  return { set, member, holder };
}

async function startNode(cluster: Cluster, name: string, told: string[]): Promise<TestNode> {
  const { register: whole, cut } = await cluster.register(name, () => lease.doubt());
  const register = unlessCutOff(whole, () => node.isCutOff);
  const clock = { now: () => Date.now() };
  const onError = () => {};
  const common = { register, clock, timers: SYSTEM_TIMERS, onError };
  const lease = new NodeLease({ ...common, renewal: CONTRACT_TIMES.renewal });
  const presence = new SharedPresence({
    ...common,
    lease,
    grace: 0,
    changed: ({ userId, status }) => void told.push(`${name}: ${userId} ${status}`),
    changedHere: () => {},
  });
  const freed: string[] = [];
  const places = new SharedPlaces({
    ...common,
    lease,
    freed: async ({ set, member }) => void freed.push(`${set}: ${member}`),
  });
  let isOver = false;
  const node: TestNode = {
    presence,
    lease,
    places,
    freed,
    isCutOff: false,
    async die() {
      if (isOver) return;
      isOver = true;
      await cut();
      await presence.close();
      await lease.close(0).catch(() => {});
    },
    async stop() {
      isOver = true;
      await presence.close();
      await lease.close(50);
      await cut();
    },
  };
  await lease.start();
  return node;
}

/** Fails each call while the node is cut off. */
function unlessCutOff(register: Register, isCutOff: () => boolean): Register {
  return new Proxy(register, {
    get(target, name) {
      if (isCutOff()) return () => Promise.reject(new RegisterUnavailable('the network is gone'));
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function enter({ presence }: TestNode, user: PresentUser): Promise<void> {
  presence.entered(user);
  await presence.settled();
}

/** Resolves once the grace is over, and what came of it was told. */
async function leave({ presence }: TestNode, user: PresentUser): Promise<void> {
  presence.left(user);
  await until(() => !presence.isHere(user));
  await presence.settled();
}

function count(told: readonly string[], what: string): number {
  return told.filter((line) => line.includes(what)).length;
}

/** Waits for what must come; the runner's limit ends what never comes. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
