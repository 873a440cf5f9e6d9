import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ManualTimers } from '../src/stomp/testing/manual-timers.ts';
import { AGENTS, DeskPerson } from './support/desk-person.ts';
import { startTestServer, type TestServer } from './support/server.ts';

const APP = 'default';
const TIMEOUT = 30_000;

/** A server whose time passes when the test says so, and that can be started again. */
async function openTimedDesk(t: TestContext) {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-desk-'));
  let now = Date.now();
  let timers = new ManualTimers();
  let server: TestServer;
  const start = async () => {
    timers = new ManualTimers();
    server = await startTestServer(
      { dataDir, deskAgentTimeout: TIMEOUT, deskNewsInterval: 10 },
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
    /** Lets time creep on until something was told: what is gathered waits for it. */
    async until<T>(told: Promise<T>): Promise<T> {
      let isOver = false;
      const over = (): void => {
        isOver = true;
      };
      told.then(over, over);
      while (!isOver) {
        pass(1);
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
