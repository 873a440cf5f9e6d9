import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AGENTS, DeskPerson } from './support/desk-person.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { tokenOf } from './support/token.ts';

let server: TestServer;
let tenants = 0;

before(async () => {
  server = await startTestServer({ deskNewsInterval: 10 });
});
after(() => server.stop());

/** A desk of its own for each test, whose manager acts by the API. */
function openDesk() {
  const app = `suspended${++tenants}`;
  const manager = tokenOf('boss', { app, role: 'admin' });
  return {
    customer: (userId: string) => DeskPerson.come(server.wsUrl, userId, app),
    async agent(userId: string, status: object = { status: 'online', capacity: 5 }) {
      const agent = await DeskPerson.come(server.wsUrl, userId, app, 'agent');
      await agent.does('status', status);
      return agent;
    },
    async permit(userId: string, newPermission: 'read_only' | 'full_access') {
      const body = { permissionType: 'chat_permission', newPermission, reason: 'an inquiry' };
      const { status } = await server.call('PUT', `/api/v1/admin/users/${userId}/permissions`, manager, body);
      assert.equal(status, 200);
    },
    async setRole(userId: string, role: string) {
      assert.equal((await server.call('PATCH', `/api/v1/users/${userId}`, manager, { role })).status, 200);
    },
  };
}

test('an agent who may only read loses its customers, is given none, and is served by again once it may write', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1');
  const [alice, bob] = [await desk.customer('alice'), await desk.customer('bob')];
  await alice.does('send', { content: 'help' });
  const { id: sessionId } = await agent.session('assigned');
  await alice.session('assigned');
  await agent.client.subscribe(AGENTS);
  await desk.permit('agent1', 'read_only');
  for (const person of [alice, agent]) {
    const { session, formerAgentId } = await person.next('session', ({ event }) => event === 'requeued');
    assert.deepEqual([session.state, session.agentId, formerAgentId], ['queued', null, 'agent1']);
  }
  await alice.next('position', ({ position }) => position === 1);
  await agent.board(({ waiting, agents }) => waiting === 1 && agents[0]?.state === 'suspended');
  await bob.does('send', { content: 'me too' });
  await bob.next('position', ({ position }) => position === 2);
  await agent.isRefused('/app/accept', { sessionId }, { code: 'EPERM' });
  await agent.does('status', { status: 'online' });
  assert.ok(!agent.unread.includes('session'), 'given nobody');
  await desk.permit('agent1', 'full_access');
  assert.equal((await agent.session('assigned')).id, sessionId, 'who waited longest first');
  assert.equal((await agent.session('assigned')).customerId, 'bob');
  await agent.board(({ agents }) => agents[0]?.state === 'online' && agents[0].active === 2);
});

test('what a suspended agent had goes to one who is free, and nothing can be transferred to it', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1');
  const alice = await desk.customer('alice');
  await alice.does('send', { content: 'help' });
  const { id: sessionId } = await agent.session('assigned');
  const other = await desk.agent('agent2');
  await desk.permit('agent1', 'read_only');
  assert.equal((await other.session('assigned')).id, sessionId);
  assert.equal((await other.next('message')).content, 'help');
  const refusal = { code: 'ECONFLICT', message: 'the agent agent1 may only read' };
  await other.isRefused('/app/transfer', { sessionId, agentId: 'agent1' }, refusal);
});

test('a user who is made a customer gives those it served to another agent', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1');
  const alice = await desk.customer('alice');
  await alice.does('send', { content: 'help' });
  const { id: sessionId } = await agent.session('assigned');
  const other = await desk.agent('agent2');
  await desk.setRole('agent1', 'user');
  assert.equal((await other.session('assigned')).id, sessionId);
  assert.equal((await alice.next('session', ({ event }) => event === 'requeued')).formerAgentId, 'agent1');
});
