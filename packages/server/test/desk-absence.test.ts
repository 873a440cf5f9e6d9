import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { DeskSession } from '@haina/wire';
import { ManualTimers } from '../src/stomp/testing/manual-timers.ts';
import { AGENTS, DeskPerson } from './support/desk-person.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const APP = 'default';
const TIMEOUT = 30_000;
const AWAY = 60_000;
const ABSENT = 600_000;
const IDLE = 120_000;
const GRACE = 5000;

/** A server whose time passes when the test says so, and that can be started again. */
async function openTimedDesk(t: TestContext) {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-desk-'));
  let now = Date.now();
  let timers = new ManualTimers();
  let server: TestServer;
  const start = async () => {
    timers = new ManualTimers();
    server = await startTestServer(
      {
        dataDir,
        deskAgentTimeout: TIMEOUT,
        deskCustomerTimeout: AWAY,
        deskAbsenceTimeout: ABSENT,
        deskIdleTimeout: IDLE,
        presenceGrace: GRACE,
        deskNewsInterval: 10,
      },
      { clock: { now: () => now }, timers },
    );
  };
  await start();
  t.after(async () => {
    await server.stop();
    await rm(dataDir, { recursive: true });
  });
  const pass = (ms: number): void => {
    now += ms;
    timers.advance(ms);
  };
  return {
    come: (userId: string, role: 'user' | 'agent' = 'user') =>
      DeskPerson.come(server.wsUrl, userId, APP, role),
    pass,
    get wsUrl() {
      return server.wsUrl;
    },
    /** A customer's newest session, by the API. */
    async sessionOf(customerId: string): Promise<DeskSession> {
      const boss = tokenOf('boss', { app: APP, role: 'admin' });
      const { body } = await server.call('GET', `/api/v1/desk/sessions?customerId=${customerId}`, boss);
      return (body as { sessions: DeskSession[] }).sessions[0] as DeskSession;
    },
    /** Lets time creep on until something was told: what is gathered waits for it. */
    async until<T>(told: Promise<T>, step = 1): Promise<T> {
      let isOver = false;
      const over = (): void => {
        isOver = true;
      };
      told.then(over, over);
      while (!isOver) {
        pass(step);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return told;
    },
    async restart(downtime: number) {
      await server.stop();
      now += downtime;
      await start();
    },
  };
}

test('an agent who is away for less than the timeout keeps its customers, then they go to the head of the queue', async (t) => {
  const desk = await openTimedDesk(t);
  const watcher = await desk.come('agent2', 'agent');
  await watcher.client.subscribe(AGENTS);
  const agent = await desk.come('agent1', 'agent');
  await agent.does('status', { status: 'online', capacity: 1 });
  const [alice, bob] = [await desk.come('alice'), await desk.come('bob')];
  await alice.does('send', { content: 'help' });
  await alice.session('assigned');
  await bob.does('send', { content: 'me too' });
  await agent.leave();
  await desk.until(watcher.board(({ agents }) => agents[0]?.state === 'offline' && agents[0].active === 1));
  desk.pass(TIMEOUT / 2);
  const back = await desk.come('agent1', 'agent');
  // The board may have told of the first absence more than once.
  await desk.until(watcher.board(({ agents }) => agents[0]?.state === 'online'));
  desk.pass(TIMEOUT);
  await alice.does('send', { content: 'still there?' });
  assert.equal((await back.next('message', ({ seq }) => seq === 2)).content, 'still there?');
  await back.leave();
  await desk.until(watcher.board(({ agents }) => agents[0]?.state === 'offline'));
  desk.pass(TIMEOUT);
  const requeued = await alice.session('requeued');
  assert.deepEqual([requeued.state, requeued.agentId], ['queued', null]);
  await desk.until(alice.next('position', ({ position }) => position === 1));
  await desk.until(bob.next('position', ({ position }) => position === 2));
  await watcher.does('status', { status: 'online', capacity: 1 });
  assert.equal((await alice.session('assigned')).agentId, 'agent2');
});

test('a session, its agent and the queue survive a restart; an agent who does not come back in time loses them', async (t) => {
  const desk = await openTimedDesk(t);
  for (const id of ['agent1', 'agent2']) {
    const agent = await desk.come(id, 'agent');
    await agent.does('status', { status: 'online', capacity: 1 });
  }
  const served: Record<string, string | null> = {};
  for (const id of ['alice', 'bob']) {
    const customer = await desk.come(id);
    await customer.does('send', { content: 'help' });
    served[id] = (await customer.session('assigned')).agentId;
  }
  const carol = await desk.come('carol');
  await carol.does('send', { content: 'help' });
  await desk.restart(10 * TIMEOUT);
  const back = await desk.come('agent1', 'agent');
  const [kept] = Object.keys(served).filter((id) => served[id] === 'agent1');
  const [lost] = Object.keys(served).filter((id) => served[id] === 'agent2');
  assert.ok(kept !== undefined && lost !== undefined);
  const [customer, waiting] = [await desk.come(kept), await desk.come(lost)];
  const again = await desk.come('carol');
  await again.next('position', ({ position }) => position === 1);
  await customer.does('send', { content: 'still here' });
  const { sessionId } = await back.next('message', ({ content }) => content === 'still here');
  for (let passed = 0; passed <= TIMEOUT; passed += 5000) {
    desk.pass(5000);
    await customer.does('typing', { sessionId });
  }
  await waiting.session('requeued');
  await back.does('close', { sessionId });
  assert.equal((await waiting.session('assigned')).agentId, 'agent1');
});

test('a customer who went away while it waited is passed over, and has its place again when it comes back', async (t) => {
  const desk = await openTimedDesk(t);
  const agent = await desk.come('agent1', 'agent');
  await agent.client.subscribe(AGENTS);
  const [alice, bob] = [await desk.come('alice'), await desk.come('bob')];
  await alice.does('send', { content: 'help' });
  const { id: sessionId } = await alice.session('opened');
  await bob.does('send', { content: 'me too' });
  await alice.leave();
  await desk.until(agent.board(({ waiting, absent }) => waiting === 2 && absent === 0));
  desk.pass(GRACE);
  for (let passed = 0; passed < AWAY; passed += 5000) {
    desk.pass(5000);
    await bob.does('sync', {});
  }
  const board = await desk.until(agent.board(({ absent }) => absent === 1));
  assert.deepEqual(
    board.queues.map(({ count, absent }) => [count, absent]),
    [[2, 1]],
  );
  assert.notEqual((await desk.sessionOf('alice')).absentSince, null);
  await desk.until(bob.next('position', ({ position }) => position === 2));
  await agent.does('status', { status: 'online', capacity: 1 });
  const served = await agent.session('assigned');
  assert.equal(served.customerId, 'bob');
  const back = await desk.come('alice');
  const returned = await back.session('returned');
  assert.deepEqual([returned.id, returned.customerConnected, returned.absentSince], [sessionId, true, null]);
  await desk.until(back.next('position', ({ position }) => position === 1));
  await agent.does('close', { sessionId: served.id });
  assert.equal((await agent.session('assigned')).id, sessionId);
});

test('a customer who does not come back is waited for no more, and learns of it when it does', async (t) => {
  const desk = await openTimedDesk(t);
  const agent = await desk.come('agent1', 'agent');
  await agent.client.subscribe(AGENTS);
  const alice = await desk.come('alice');
  await alice.does('send', { content: 'help' });
  const { id: sessionId } = await alice.session('opened');
  await alice.leave();
  desk.pass(GRACE);
  await desk.until(
    agent.board(({ absent }) => absent === 1),
    5000,
  );
  await desk.until(
    agent.board(({ waiting }) => waiting === 0),
    5000,
  );
  const { state, closedBy, closeReason } = await desk.sessionOf('alice');
  assert.deepEqual([state, closedBy, closeReason], ['closed', null, 'absent']);
  const back = await desk.come('alice');
  const ended = await back.session('closed');
  assert.deepEqual([ended.id, ended.closeReason], [sessionId, 'absent']);
  await back.does('send', { content: 'still me' });
  assert.notEqual((await back.session('opened')).id, sessionId);
});

test('an agent learns that its customer went and came back, through whichever protocol', async (t) => {
  const desk = await openTimedDesk(t);
  const agent = await desk.come('agent1', 'agent');
  await agent.does('status', { status: 'online', capacity: 1 });
  const alice = await desk.come('alice');
  await alice.does('send', { content: 'help' });
  assert.equal((await agent.session('assigned')).customerConnected, true);
  await alice.leave();
  await desk.until(agent.session('left'), 100).then((left) => assert.equal(left.customerConnected, false));
  const phone = await StompClient.connect(desk.wsUrl, tokenOf('alice', { app: APP }), '/ws');
  assert.equal((await agent.session('returned')).customerConnected, true);
  await phone.close();
  await desk.until(agent.session('left'), 100);
  await desk.restart(0);
  const again = await desk.come('agent1', 'agent');
  assert.equal((await again.session('current')).customerConnected, false);
  await desk.come('alice');
  await again.session('returned');
});

test('a session in which nobody writes is closed for both, and its agent is free for the next one', async (t) => {
  const desk = await openTimedDesk(t);
  const agent = await desk.come('agent1', 'agent');
  await agent.does('status', { status: 'online', capacity: 1 });
  const [alice, bob] = [await desk.come('alice'), await desk.come('bob')];
  await alice.does('send', { content: 'help' });
  const { id: sessionId } = await agent.session('assigned');
  await bob.does('send', { content: 'me too' });
  /** In steps in which the server can look at who is there. */
  const elapse = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 5000) {
      desk.pass(5000);
      for (const person of [agent, bob]) await person.does('sync', {});
    }
  };
  await elapse(IDLE - 5000);
  await agent.does('send', { sessionId, content: 'one moment' });
  await elapse(IDLE - 5000);
  assert.equal((await desk.sessionOf('alice')).state, 'active');
  await elapse(20_000);
  const closed = [await alice.session('closed'), await agent.session('closed')];
  for (const { id, closedBy, closeReason } of closed) {
    assert.deepEqual([id, closedBy, closeReason], [sessionId, null, 'idle']);
  }
  assert.equal((await agent.session('assigned')).customerId, 'bob');
  await alice.does('rate', { sessionId, score: 2 });
});
