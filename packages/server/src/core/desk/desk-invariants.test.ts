import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createIdSource } from '../../ids.ts';
import { MemoryAttendance } from '../../presence/memory/attendance.ts';
import { ManualTimers } from '../../stomp/testing/manual-timers.ts';
import { openSqliteStore } from '../../store/sqlite/index.ts';
import { DomainError } from '../errors.ts';
import { type Core, createCore } from '../index.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import type { Principal } from '../model.ts';
import type { Store } from '../ports/store.ts';
import { fits } from '../rules/assignment.ts';
import { AgentWatch } from './agent-watch.ts';
import type { DeskAgent, ServiceSession } from './model.ts';

const TENANT = 'default';
const CUSTOMERS = 200;
const AGENTS = 10;
const SKILLS = ['', 'sales', 'support', 'billing'];
const TIMEOUT = 30_000;
const ROUNDS = 300;
const SEED = Number(process.env.HAINA_DESK_SEED ?? 20_260_101);

interface Node {
  readonly core: Core;
  readonly agents: AgentWatch;
  readonly timers: ManualTimers;
}

interface Snapshot {
  readonly active: readonly ServiceSession[];
  readonly queues: ReadonlyMap<string, readonly string[]>;
  readonly agents: readonly DeskAgent[];
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function principal(userId: string, role: Principal['role']): Principal {
  return { tenant: TENANT, userId, role, name: userId };
}

/** Two nodes over one store, customers and agents who do what comes to their minds. */
class World {
  readonly store: Store;
  readonly nodes: readonly Node[];
  readonly random = randomOf(SEED);
  readonly done = { opened: 0, assigned: 0, accepted: 0, transferred: 0, requeued: 0, closed: 0, refused: 0 };
  /** Sessions of the agents at each node, and when an agent without any had its last one. */
  readonly connections = new Map<string, number[]>();
  readonly leftAt = new Map<string, number>();
  /** Given by somebody's own decision in this round, and so out of turn. */
  readonly chosen = new Set<string>();
  now = 1_000_000;

  constructor(store: Store) {
    this.store = store;
    this.nodes = ['one', 'two'].map((node) => this.#open(node));
  }

  #open(node: string): Node {
    const timers = new ManualTimers();
    const clock = { now: () => this.now };
    const core = createCore({
      store: this.store,
      sink: {
        publish: (_topics, event) => {
          if (event.type === 'service.changed' && event.change in this.done) {
            this.done[event.change as keyof typeof this.done]++;
          }
        },
        notify() {},
      },
      clock,
      ids: createIdSource(clock),
      register: new MemoryAttendance(),
      passwords: { hash: async (password) => password, verify: async () => true },
      limits: { ...DEFAULT_LIMITS, sendRate: 0, deskAgentTimeout: TIMEOUT, deskCustomerTimeout: 0 },
    });
    const { dispatch } = core.desk;
    const onError = (error: unknown): never => {
      throw error;
    };
    const agents = new AgentWatch({
      store: this.store,
      dispatch,
      clock,
      timers,
      node,
      timeout: TIMEOUT,
      onError,
    });
    return { core, agents, timers };
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.random() * items.length)];
  }

  get node(): Node {
    return this.pick(this.nodes) as Node;
  }

  get agent(): Principal {
    return principal(`agent${Math.floor(this.random() * AGENTS)}`, 'agent');
  }

  isConnected(agentId: string): boolean {
    return (this.connections.get(agentId) ?? []).some((count) => count > 0);
  }

  async snapshot(): Promise<Snapshot> {
    const [active, board, ...queues] = await Promise.all([
      this.store.listServices({ tenant: TENANT, state: 'active', limit: 1000 }),
      this.store.findBoard(TENANT),
      ...SKILLS.map((skill) => this.store.listQueue(TENANT, skill, 1000)),
    ]);
    const byS = SKILLS.map(
      (skill, i) => [skill, (queues[i] ?? []).map(({ sessionId }) => sessionId)] as const,
    );
    return { active, queues: new Map(byS), agents: board.agents };
  }

  /** One thing that somebody does; refusals are part of life. */
  async act(before: Snapshot): Promise<void> {
    try {
      await this.#something(before);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code === 'EINTERNAL') throw error;
      this.done.refused++;
    }
  }

  #something(before: Snapshot): unknown {
    const { desk } = this.node.core;
    const dice = this.random();
    const session = this.pick(before.active);
    if (dice < 0.4) return this.#write(desk);
    if (dice < 0.6) return session && desk.sessions.close(this.#agentOf(session), session.id);
    if (dice < 0.65) return session && desk.sessions.close(principal(session.customerId, 'user'), session.id);
    if (dice < 0.75) return this.comeOrGo(this.agent.userId, this.random() < 0.5 ? 0 : 1);
    if (dice < 0.85) return this.#setStatus(desk);
    if (dice < 0.92) return session && this.#transfer(desk, session, before);
    return this.#accept(desk, before);
  }

  #agentOf({ agentId }: ServiceSession): Principal {
    return principal(agentId ?? '', 'agent');
  }

  #write(desk: Core['desk']): Promise<unknown> {
    const customer = principal(`customer${Math.floor(this.random() * CUSTOMERS)}`, 'user');
    const content = { type: 'text', text: 'help', extra: null } as const;
    return desk.sessions.send(customer, { skill: this.pick(SKILLS) ?? '', content, source: 'test' });
  }

  async comeOrGo(userId: string, index: number): Promise<void> {
    const counts = this.connections.get(userId) ?? this.nodes.map(() => 0);
    this.connections.set(userId, counts);
    const { agents } = this.nodes[index] as Node;
    if ((counts[index] ?? 0) === 0) {
      counts[index] = 1;
      await agents.came({ tenant: TENANT, userId });
      return;
    }
    counts[index] = 0;
    if (!this.isConnected(userId)) this.leftAt.set(userId, this.now);
    agents.left({ tenant: TENANT, userId });
  }

  #setStatus(desk: Core['desk']): Promise<unknown> {
    const status = this.pick(['online', 'online', 'online', 'busy', 'away'] as const) ?? 'online';
    const skills = SKILLS.filter(() => this.random() < 0.5);
    return desk.dispatch.setStatus(this.agent, { status, skills });
  }

  async #transfer(desk: Core['desk'], session: ServiceSession, { agents }: Snapshot): Promise<void> {
    const other = this.random() < 0.6 ? this.pick(agents.filter(isFree)) : undefined;
    const to = other ? { agentId: other.userId } : { skill: this.pick(SKILLS) ?? '' };
    this.chosen.add(session.id);
    await desk.dispatch.transfer(this.#agentOf(session), session.id, to);
  }

  async #accept(desk: Core['desk'], { queues }: Snapshot): Promise<void> {
    const sessionId = this.pick([...queues.values()].flat());
    if (sessionId === undefined) return;
    await desk.dispatch.accept(this.agent, sessionId);
    this.chosen.add(sessionId);
    this.done.accepted++;
  }

  async pass(ms: number): Promise<void> {
    this.now += ms;
    for (const { timers } of this.nodes) timers.advance(ms);
    await this.settled();
  }

  async settled(): Promise<void> {
    for (const { agents } of this.nodes) await agents.settled();
  }
}

function isFree({ status, isConnected, active, capacity }: DeskAgent): boolean {
  return status === 'online' && isConnected && active < capacity;
}

function checkAgents(world: World, { active, agents }: Snapshot): void {
  for (const { userId, capacity, active: count } of agents) {
    assert.ok(count <= capacity, `${userId} has ${count} of ${capacity}`);
    assert.equal(active.filter(({ agentId }) => agentId === userId).length, count);
  }
  for (const { id, agentId } of active) {
    assert.ok(agentId, `${id} is served by nobody`);
    if (world.isConnected(agentId)) continue;
    const away = world.now - (world.leftAt.get(agentId) ?? 0);
    assert.ok(away < TIMEOUT, `${id} is served by ${agentId}, gone for ${away} ms`);
  }
  const served = active.map(({ customerId }) => customerId);
  assert.equal(new Set(served).size, served.length, 'a customer has two sessions');
}

function checkNobodyWaitsInVain({ queues, agents }: Snapshot): void {
  const free = agents.filter(isFree);
  for (const [skill, queue] of queues) {
    const idle = queue.length > 0 ? free.find(({ skills }) => fits(skills, skill)) : undefined;
    assert.equal(idle?.userId, undefined, `${queue.length} wait for "${skill}"`);
  }
}

/** Whoever was served in this round was ahead of those of the same skill who wait as before. */
function checkFair(world: World, before: Snapshot, after: Snapshot): void {
  const servedBefore = new Set(before.active.map(({ id }) => id));
  for (const { id, skill, assignedAt } of after.active) {
    if (assignedAt !== world.now || servedBefore.has(id) || world.chosen.has(id)) continue;
    const queue = before.queues.get(skill) ?? [];
    const waits = new Set(after.queues.get(skill));
    const ahead = queue.includes(id) ? queue.slice(0, queue.indexOf(id)) : queue;
    const passedOver = ahead.filter((other) => waits.has(other) && !world.chosen.has(other));
    assert.deepEqual(passedOver, [], `${id} was served before them`);
  }
}

test(`200 customers and 10 agents coming and going: nobody is served twice, over capacity, out of turn or in vain (seed ${SEED})`, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-desk-'));
  const store = await openSqliteStore({ dataDir });
  const world = new World(store);
  t.after(async () => {
    for (const { agents } of world.nodes) await agents.close();
    await store.close();
    await rm(dataDir, { recursive: true });
  });
  const people = [
    ...Array.from({ length: CUSTOMERS }, (_, i) => [`customer${i}`, 'user'] as const),
    ...Array.from({ length: AGENTS }, (_, i) => [`agent${i}`, 'agent'] as const),
  ];
  await Promise.all(
    people.map(([id, role]) =>
      store.createUser({
        tenant: TENANT,
        id,
        role,
        username: id,
        nickname: id,
        passwordHash: null,
        createdAt: 1,
      }),
    ),
  );
  for (const [index, { agents }] of world.nodes.entries()) {
    await agents.start();
    for (let i = index; i < AGENTS; i += world.nodes.length) await world.comeOrGo(`agent${i}`, index);
  }
  for (let i = 0; i < AGENTS; i++) {
    const given = { status: 'online', capacity: 1 + (i % 5), skills: SKILLS.slice(0, 1 + (i % 4)) } as const;
    await store.setAgentStatus({ tenant: TENANT, userId: `agent${i}`, ...given, at: 0 });
  }
  for (let round = 0; round < ROUNDS; round++) {
    const before = await world.snapshot();
    world.chosen.clear();
    world.now++;
    await Promise.all(Array.from({ length: 1 + Math.floor(world.random() * 8) }, () => world.act(before)));
    await world.settled();
    const after = await world.snapshot();
    checkAgents(world, after);
    checkNobodyWaitsInVain(after);
    checkFair(world, before, after);
    if (world.random() < 0.3) await world.pass(1 + Math.floor(world.random() * 9000));
  }
  const { opened, assigned, accepted, transferred, requeued, closed, refused } = world.done;
  for (const [what, count] of Object.entries({ accepted, transferred, requeued, refused })) {
    assert.ok(count > 0, `${what}: ${count}`);
  }
  assert.ok(opened > CUSTOMERS && assigned > CUSTOMERS && closed > CUSTOMERS / 2);
});
