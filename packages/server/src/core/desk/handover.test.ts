import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { ConversationFeed } from '../../hub/conversation-feed.ts';
import type { FanOut, Shape } from '../../hub/fan-out.ts';
import { Hub } from '../../hub/hub.ts';
import { createIdSource } from '../../ids.ts';
import { MemoryAttendance } from '../../presence/memory/attendance.ts';
import { openSqliteStore } from '../../store/sqlite/index.ts';
import { Payload } from '../../transport/payload.ts';
import type { CoreEvent } from '../events.ts';
import { createCore } from '../index.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import type { Principal } from '../model.ts';
import type { Store } from '../ports/store.ts';
import { userTopic } from '../topics.ts';

const TENANT = 'default';
const ALICE: Principal = { tenant: TENANT, userId: 'alice', role: 'user', name: 'alice' };

/** What an agent is told, in the words of this test. */
const HEARD: Shape = {
  key: 'heard',
  render(event: CoreEvent) {
    if (event.type === 'message.created') return Payload.text(String(event.message.seq));
    if (event.type === 'service.noted') return Payload.text(event.note.content);
    return event.type === 'service.changed' ? Payload.text(event.change) : undefined;
  },
};

/** A store whose answers can be held back, and come together then, in the order of the calls. */
function holding(store: Store) {
  let held: (() => void)[] | undefined;
  let names: readonly string[] = [];
  const waiting = new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
      return (...args: unknown[]) => {
        const answer = call(...args);
        if (!held || !(names.length === 0 || names.includes(String(name)))) return answer;
        const holder = held;
        return new Promise((resolve, reject) => {
          const settle = (): void => void answer.then(resolve, reject);
          holder.push(settle);
        });
      };
    },
  });
  return {
    store: waiting,
    /** Holds the answers of these operations, of all where none is named. */
    hold: (...operations: string[]) => {
      held = [];
      names = operations;
    },
    async release() {
      await endOfTurn();
      const settles = held ?? [];
      held = undefined;
      await store.ping();
      for (const settle of settles) settle();
    },
  };
}

/** A desk with two agents, each with one session at the hub. */
async function openDesk(t: TestContext) {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-handover-'));
  const { store, hold, release } = holding(await openSqliteStore({ dataDir }));
  const hub = new Hub(({ error }) => assert.ifError(error));
  const clock = { now: () => Date.now() };
  const core = createCore({
    store,
    sink: hub,
    clock,
    ids: createIdSource(clock),
    register: new MemoryAttendance(),
    passwords: { hash: async (password) => password, verify: async () => true },
    limits: { ...DEFAULT_LIMITS, sendRate: 0 },
  });
  t.after(async () => {
    await store.close();
    await rm(dataDir, { recursive: true });
  });
  const base = { tenant: TENANT, passwordHash: null, createdAt: 1 };
  await store.createUser({ ...base, id: 'alice', username: 'alice', nickname: 'alice', role: 'user' });
  /** Lets a session of the user hear the hub. */
  const listen = (principal: Principal): string[] => {
    const { userId } = principal;
    const heard: string[] = [];
    const feed = new ConversationFeed(hub, principal);
    const receive = (_: Shape, { batch }: FanOut) =>
      void heard.push(...batch.payloads.map(({ data }) => data.toString()));
    feed.addInbox('inbox', HEARD, { id: userId, receive });
    hub.listen(userTopic(TENANT, userId), (event) => {
      if (event.type === 'member.added' && event.userId === userId) feed.joined(event.conversationId);
      if (event.type === 'member.removed' && event.userId === userId) feed.left(event.conversationId);
    });
    return heard;
  };
  const customerHeard = listen(ALICE);
  const agent = async (userId: string) => {
    await store.createUser({ ...base, id: userId, username: userId, nickname: userId, role: 'agent' });
    const principal: Principal = { tenant: TENANT, userId, role: 'agent', name: userId };
    const heard = listen(principal);
    await store.agentsSeen({ node: 'one', agents: [principal], at: clock.now() });
    await core.desk.dispatch.setStatus(principal, { status: 'online', capacity: 5 });
    return { principal, heard };
  };
  const say = (text: string) =>
    core.desk.sessions.send(ALICE, { content: { type: 'text', text, extra: null }, source: 'test' });
  return { core, agent, say, customerHeard, hold, release };
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

test('a new agent is told everything in order, each once, though the customer writes while it is transferred', async (t) => {
  const { core, agent, say, hold, release } = await openDesk(t);
  const first = await agent('agent1');
  const { message } = await say('help');
  const sessionId = message.conversationId;
  const second = await agent('agent2');
  for (let text = 2; text <= 10; text++) await say(String(text));
  hold();
  const before = numbers(11, 20).map(say);
  const transfer = core.desk.dispatch.transfer(first.principal, sessionId, { agentId: 'agent2' });
  await endOfTurn();
  const after = numbers(21, 30).map(say);
  await release();
  await Promise.all([transfer, ...before, ...after]);
  await endOfTurn();
  const isNumber = (heard: string) => /^\d+$/.test(heard);
  assert.deepEqual(second.heard.filter(isNumber), numbers(1, 30));
  assert.ok(
    first.heard.filter(isNumber).every((seq) => Number(seq) <= 20),
    'nothing of what came after',
  );
});

test('a note that comes with a transfer is told to each agent once', async (t) => {
  const { core, agent, say, hold, release } = await openDesk(t);
  const first = await agent('agent1');
  const sessionId = (await say('help')).message.conversationId;
  const second = await agent('agent2');
  const note = (content: string) => core.desk.sessions.note(first.principal, { sessionId, content });
  await note('at first');
  hold();
  const done = [
    note('before'),
    core.desk.dispatch.transfer(first.principal, sessionId, { agentId: 'agent2' }),
  ];
  await release();
  await Promise.all(done);
  await endOfTurn();
  await note('after');
  await endOfTurn();
  const isNote = (heard: string) => /^(at first|before|after)$/.test(heard);
  assert.deepEqual(second.heard.filter(isNote), ['at first', 'before', 'after']);
  assert.deepEqual(first.heard.filter(isNote), ['at first', 'before', 'after'], 'their author');
});

test('a session is told as opened before anything else becomes of it', async (t) => {
  const { core, agent, say, customerHeard, hold, release } = await openDesk(t);
  const { principal } = await agent('agent1');
  await core.desk.dispatch.setStatus(principal, { status: 'away' });
  hold('findService');
  const said = say('help');
  // Another step of the desk gives it away meanwhile.
  await core.desk.dispatch.setStatus(principal, { status: 'online' });
  await release();
  await said;
  await endOfTurn();
  assert.deepEqual(customerHeard.toSorted(), ['1', 'assigned', 'opened']);
  assert.ok(customerHeard.indexOf('opened') < customerHeard.indexOf('assigned'), customerHeard.join());
});
