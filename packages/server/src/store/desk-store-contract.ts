import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ServiceSession } from '../core/desk/model.ts';
import { readStats } from '../core/desk/stats.ts';
import type { DeskStore, Overdue, ServiceAct, Transfer } from '../core/ports/desk-store.ts';
import type { Appended, Store } from '../core/ports/store.ts';
import { membershipsOf } from './contract/fixture.ts';
import type { StoreUnderTest } from './store-contract.ts';

const NODE = 'node';
/** Everybody counts as seen. */
const EVER = -1;

/** What every adapter of the desk's part of the store port promises. */
export function deskStoreContract(adapter: string, open: () => Promise<StoreUnderTest>): void {
  describe(`desk store contract: ${adapter}`, () => {
    let under: StoreUnderTest;
    let store: Store;
    let next = 0;

    before(async () => {
      under = await open();
      store = under.store;
    });
    after(() => under.dispose());

    /** A tenant of its own for each test, with users of these ids. */
    async function tenantWith(...ids: string[]): Promise<string> {
      const tenant = `desk${next++}`;
      for (const id of ids) {
        const user = { tenant, id, username: id, nickname: id, passwordHash: null, createdAt: 1 };
        await store.createUser({ ...user, role: id.startsWith('agent') ? 'agent' : 'user' });
      }
      return tenant;
    }

    async function attend(tenant: string, userId: string, capacity = 5, skills: string[] = [], at = 10) {
      await store.agentsSeen({ node: NODE, agents: [{ tenant, userId }], at });
      await store.setAgentStatus({ tenant, userId, status: 'online', capacity, skills, at });
    }

    function write(tenant: string, senderId: string, text = 'help', at = 20, skill = ''): Promise<Appended> {
      const id = `m${next++}`;
      return store.appendMessage({
        ...message(tenant, senderId, text, at),
        id,
        clientId: id,
        target: { kind: 'desk', newId: `s${next++}`, skill },
      });
    }

    /** Opens a session; returns its id. */
    async function openSession(tenant: string, customer: string, at = 20, skill = ''): Promise<string> {
      return (await write(tenant, customer, 'help', at, skill)).message.conversationId;
    }

    function act(tenant: string, sessionId: string, actorId: string, at = 30): ServiceAct {
      return { tenant, sessionId, actorId, isManager: false, at };
    }

    function assign(tenant: string, at = 30, seenAfter = EVER) {
      return store.assignNext({ tenant, seenAfter, at });
    }

    async function find(tenant: string, id: string): Promise<ServiceSession> {
      const found = await store.findService(tenant, id);
      assert.ok(found);
      return found;
    }

    async function isMember(tenant: string, sessionId: string, userId: string): Promise<boolean> {
      return (await store.findMember(tenant, sessionId, userId)) !== undefined;
    }

    test("a customer's first message opens a session, further ones go into it", async () => {
      const tenant = await tenantWith('alice');
      const first = await write(tenant, 'alice', 'hello', 20, 'billing');
      assert.deepEqual(first.joined, [{ userId: 'alice', role: 'member' }]);
      assert.deepEqual(first.opened, await find(tenant, first.message.conversationId));
      const { conversationId: id, kind, seq } = first.message;
      assert.deepEqual([kind, seq], ['service', 1]);
      const second = await write(tenant, 'alice', 'anybody there?', 21, 'another skill');
      assert.deepEqual([second.message.conversationId, second.message.seq], [id, 2]);
      assert.deepEqual([second.joined, second.opened], [undefined, undefined]);
      assert.deepEqual(await find(tenant, id), {
        tenant,
        id,
        customerId: 'alice',
        agentId: null,
        agentName: null,
        state: 'queued',
        skill: 'billing',
        isCustomerConnected: false,
        absentSince: null,
        openedAt: 20,
        assignedAt: null,
        answeredAt: null,
        closedAt: null,
        closedBy: null,
        closeReason: null,
        rating: null,
      });
    });

    test('a repeated opening message opens nothing, also when its session is closed', async () => {
      const tenant = await tenantWith('alice');
      const repeat = (newId: string) =>
        store.appendMessage({
          ...message(tenant, 'alice', 'hello', 20),
          target: { kind: 'desk', newId, skill: '' },
        });
      const first = await repeat('one');
      assert.equal((await repeat('two')).duplicate, true);
      await store.closeService(act(tenant, 'one', 'alice'));
      const late = await repeat('three');
      assert.deepEqual([late.duplicate, late.message.id], [true, first.message.id]);
      assert.equal(await store.findService(tenant, 'three'), undefined);
    });

    test('an agent who gets a session back is told what changed in what it had', async () => {
      const tenant = await tenantWith('alice', 'agent1', 'agent2');
      await attend(tenant, 'agent1');
      const { message: said } = await write(tenant, 'alice', 'my card is 1234');
      const { conversationId, seq } = said;
      await assign(tenant);
      const entries = [{ userId: 'agent1', ranges: [{ from: 1, to: 1 }] }];
      await store.acknowledge({ tenant, conversationId, kind: 'delivered', entries });
      await attend(tenant, 'agent2');
      const transfer = (from: string, agentId: string): Transfer => ({
        ...act(tenant, conversationId, from),
        to: { agentId, seenAfter: EVER },
      });
      await store.transferService(transfer('agent1', 'agent2'));
      const change = { state: 'recalled' as const, content: null, reason: '', at: 40 };
      await store.changeMessage({ tenant, conversationId, seq, actorId: 'alice', ...change });
      const { said: retold } = await store.transferService(transfer('agent2', 'agent1'));
      assert.deepEqual(
        retold.map(({ state }) => state),
        ['recalled'],
      );
      const { messages, changedIds } = await store.listPending({ tenant, userId: 'agent1', limit: 9 });
      assert.deepEqual([messages.map(({ state }) => state), changedIds], [['recalled'], [said.id]]);
    });

    test('nobody can write in a closed session, and the next message opens another', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const id = await openSession(tenant, 'alice');
      await store.closeService(act(tenant, id, 'alice'));
      for (const target of [
        { kind: 'service', sessionId: id },
        { kind: 'conversation', conversationId: id },
      ] as const) {
        const late = { ...message(tenant, 'alice', 'late', 40), target };
        await assert.rejects(store.appendMessage(late), { code: 'ECONFLICT', field: 'sessionId' });
        const strange = { ...message(tenant, 'bob', 'strange', 40), target };
        await assert.rejects(store.appendMessage(strange), { code: 'EPERM' });
      }
      assert.notEqual(await openSession(tenant, 'alice'), id);
    });

    test('nothing in a closed session can be changed, pinned or noted, but by managers taking a message out', async () => {
      const tenant = await tenantWith('alice');
      const { message: said } = await write(tenant, 'alice');
      const { conversationId: id, seq } = said;
      const place = { tenant, conversationId: id, seq };
      const pin = { ...place, userId: 'alice', scope: 'self', at: 40 } as const;
      await store.pinMessage(pin);
      const noted = { tenant, sessionId: id, authorId: 'agent1', content: 'x', at: 1 };
      await store.addNote({ ...noted, id: 'n1', clientId: 'n1' });
      await store.closeService(act(tenant, id, 'alice'));
      const recall = {
        ...place,
        actorId: 'alice',
        state: 'recalled',
        content: null,
        reason: '',
        at: 40,
      } as const;
      const closed = { code: 'ECONFLICT', field: 'sessionId' };
      await assert.rejects(store.changeMessage(recall), closed);
      await assert.rejects(
        store.changeMessage({ ...recall, state: 'edited', content: said.content }),
        closed,
      );
      await assert.rejects(store.pinMessage({ ...pin, scope: 'everyone' }), closed);
      await assert.rejects(store.unpinMessage(pin), closed);
      await assert.rejects(store.addNote({ ...noted, id: 'n2', clientId: 'n2' }), closed);
      assert.equal((await store.addNote({ ...noted, id: 'n2', clientId: 'n1' })).duplicate, true);
      assert.equal(await store.hideMessage(tenant, id, seq, 'alice'), true);
      assert.equal((await store.changeMessage({ ...recall, afterClosing: true })).message.state, 'recalled');
    });

    test('a session may be rated for as long after its end as is said', async () => {
      const tenant = await tenantWith('alice');
      const id = await openSession(tenant, 'alice');
      await store.closeService(act(tenant, id, 'alice', 30));
      const rate = (at: number, window?: number) =>
        store.rateService(act(tenant, id, 'alice', at), { score: 3, comment: '' }, window);
      await assert.rejects(rate(131, 100), { code: 'ECONFLICT', limit: 100 });
      assert.equal((await rate(130, 100)).rating?.score, 3);
    });

    test('a conversation that is no service session is none, and strangers can not write in one', async () => {
      const tenant = await tenantWith('alice', 'bob');
      await store.createGroup({ tenant, id: 'team', name: '', members: [], createdAt: 1 });
      const to = (sessionId: string) =>
        store.appendMessage({
          ...message(tenant, 'bob', 'hi', 20),
          target: { kind: 'service', sessionId },
        });
      await assert.rejects(to('team'), { code: 'ENOENT', field: 'sessionId' });
      await assert.rejects(to(await openSession(tenant, 'alice')), { code: 'EPERM' });
    });

    test('a customer goes to the fitting agent with the fewest sessions, then to the longest idle', async () => {
      const tenant = await tenantWith('agent1', 'agent2', 'agent3', 'a', 'b', 'c', 'd');
      await attend(tenant, 'agent1', 5, [], 12);
      await attend(tenant, 'agent2', 5, ['billing'], 11);
      await attend(tenant, 'agent3', 0, ['billing'], 10);
      const given: (string | null | undefined)[] = [];
      for (const [customer, skill] of [
        ['a', ''],
        ['b', 'billing'],
        ['c', ''],
        ['d', 'unknown'],
      ] as const) {
        await openSession(tenant, customer, 20, skill);
        given.push((await assign(tenant))?.session.agentId);
      }
      assert.deepEqual(given, ['agent2', 'agent2', 'agent1', undefined]);
    });

    test('agents who are busy, away, gone, long unseen or full are given nobody', async () => {
      const tenant = await tenantWith('agent1', 'alice', 'bob');
      await openSession(tenant, 'alice');
      assert.equal(await assign(tenant), null);
      await attend(tenant, 'agent1', 1);
      const status = { tenant, userId: 'agent1', at: 12 } as const;
      for (const not of ['busy', 'away'] as const) {
        await store.setAgentStatus({ ...status, status: not });
        assert.equal(await assign(tenant), null);
      }
      await store.setAgentStatus({ ...status, status: 'online' });
      assert.equal(await assign(tenant, 50, 10), null, 'was last seen at 10');
      await store.agentLeft({ tenant, userId: 'agent1', node: 'another node', at: 13 });
      await store.agentLeft({ tenant, userId: 'agent1', node: NODE, at: 13 });
      assert.equal(await assign(tenant), null);
      await store.agentsSeen({ node: NODE, agents: [{ tenant, userId: 'agent1' }], at: 14 });
      assert.equal((await assign(tenant))?.session.customerId, 'alice');
      await openSession(tenant, 'bob');
      assert.equal(await assign(tenant), null, 'its capacity is one');
    });

    test('of those whom an agent fits the longest waiting is next, whatever its skill', async () => {
      const tenant = await tenantWith('agent1', 'a', 'b', 'c', 'd');
      await openSession(tenant, 'a', 21, 'other');
      await openSession(tenant, 'b', 22, 'billing');
      await openSession(tenant, 'c', 23);
      await openSession(tenant, 'd', 24, 'billing');
      await attend(tenant, 'agent1', 9, ['billing']);
      const order: (string | undefined)[] = [];
      for (let i = 0; i < 4; i++) order.push((await assign(tenant))?.session.customerId);
      assert.deepEqual(order, ['b', 'c', 'd', undefined]);
    });

    test('an agent who is a customer too is never given itself, and holds up nobody behind it', async () => {
      const tenant = await tenantWith('agent1', 'agent2', 'alice');
      await attend(tenant, 'agent1');
      const own = await openSession(tenant, 'agent1', 20);
      const other = await openSession(tenant, 'alice', 21);
      assert.equal((await assign(tenant))?.session.id, other);
      assert.equal(await assign(tenant), null);
      await assert.rejects(store.acceptService(act(tenant, own, 'agent1')), { code: 'ECONFLICT' });
      await attend(tenant, 'agent2');
      assert.equal((await assign(tenant))?.session.agentId, 'agent2');
      const to = { agentId: 'agent1', seenAfter: EVER };
      await assert.rejects(store.transferService({ ...act(tenant, own, 'agent2'), to }), {
        code: 'ECONFLICT',
        field: 'agentId',
      });
      assert.equal((await find(tenant, own)).agentId, 'agent2');
      assert.ok(await isMember(tenant, own, 'agent1'));
    });

    test('many assignments at once give each customer one agent, and no agent more than its capacity', async () => {
      const customers = Array.from({ length: 20 }, (_, i) => `c${i}`);
      const tenant = await tenantWith('agent1', 'agent2', ...customers);
      await Promise.all(customers.map((id) => openSession(tenant, id)));
      await attend(tenant, 'agent1', 3);
      await attend(tenant, 'agent2', 4);
      const given = await Promise.all(Array.from({ length: 30 }, () => assign(tenant)));
      const sessions = given.flatMap((handover) => handover?.session ?? []);
      assert.equal(new Set(sessions.map(({ id }) => id)).size, 7);
      assert.equal(sessions.filter(({ agentId }) => agentId === 'agent1').length, 3);
      assert.equal((await store.listServices({ tenant, state: 'active', limit: 99 })).length, 7);
    });

    test('a new agent is told what was said and noted, and has it as not delivered', async () => {
      const tenant = await tenantWith('agent1', 'alice');
      const id = await openSession(tenant, 'alice');
      await write(tenant, 'alice', 'hello?');
      const note = { tenant, id: 'n1', clientId: 'n1', sessionId: id, authorId: 'agent1', at: 25 };
      await store.addNote({ ...note, content: 'a good customer' });
      await attend(tenant, 'agent1');
      const handover = await assign(tenant);
      assert.deepEqual(
        handover?.said.map(({ seq, content }) => [seq, content.text]),
        [
          [1, 'help'],
          [2, 'hello?'],
        ],
      );
      assert.deepEqual(
        handover?.notes.map(({ content }) => content),
        ['a good customer'],
      );
      const pending = await store.listPending({ tenant, userId: 'agent1', limit: 9 });
      assert.equal(pending.messages.length, 2);
      assert.equal(await isMember(tenant, id, 'agent1'), true);
    });

    test('the first who is not the customer answers', async () => {
      const tenant = await tenantWith('agent1', 'alice');
      const id = await openSession(tenant, 'alice', 20);
      await attend(tenant, 'agent1');
      await assign(tenant);
      await write(tenant, 'alice', 'hello?', 25);
      assert.equal((await find(tenant, id)).answeredAt, null);
      for (const at of [40, 50]) {
        const target = { kind: 'service', sessionId: id } as const;
        await store.appendMessage({ ...message(tenant, 'agent1', `answer ${at}`, at), target });
      }
      assert.equal((await find(tenant, id)).answeredAt, 40);
    });

    test('a waiting session can be accepted once, by one who has room', async () => {
      const tenant = await tenantWith('agent1', 'agent2', 'alice', 'bob');
      const id = await openSession(tenant, 'alice');
      await assert.rejects(store.acceptService(act(tenant, 'nothing', 'agent1')), { code: 'ENOENT' });
      await assert.rejects(store.acceptService(act(tenant, id, 'agent1')), {
        code: 'ECONFLICT',
        field: 'agentId',
      });
      await attend(tenant, 'agent1', 1);
      await attend(tenant, 'agent2');
      const both = await Promise.allSettled(
        ['agent1', 'agent2'].map((agent) => store.acceptService(act(tenant, id, agent))),
      );
      assert.deepEqual(
        both.map(({ status }) => status),
        ['fulfilled', 'rejected'],
      );
      const other = await openSession(tenant, 'bob');
      await assert.rejects(store.acceptService(act(tenant, other, 'agent1')), {
        code: 'ECONFLICT',
        limit: 1,
      });
      await store.agentLeft({ tenant, userId: 'agent2', node: NODE, at: 40 });
      await assert.rejects(store.acceptService(act(tenant, other, 'agent2')), { code: 'ECONFLICT' });
    });

    test('a transfer moves the session and its membership, and refuses what can not take it', async () => {
      const tenant = await tenantWith('agent1', 'agent2', 'agent3', 'alice', 'bob');
      const id = await openSession(tenant, 'alice');
      const transfer = (to: Transfer['to'], actorId = 'agent1') =>
        store.transferService({ ...act(tenant, id, actorId), to });
      const toAgent = (agentId: string) => ({ agentId, seenAfter: EVER });
      await attend(tenant, 'agent1');
      await assign(tenant);
      await assert.rejects(transfer(toAgent('nobody')), { code: 'ENOENT', field: 'agentId' });
      await assert.rejects(transfer(toAgent('agent2')), { code: 'ECONFLICT', field: 'agentId' });
      await assert.rejects(transfer(toAgent('agent1')), { code: 'EINVAL', field: 'agentId' });
      await attend(tenant, 'agent2', 1);
      await attend(tenant, 'agent3', 0);
      await assert.rejects(transfer(toAgent('agent3')), { code: 'ECONFLICT', field: 'agentId' });
      await assert.rejects(transfer({ agentId: 'agent2', seenAfter: 10 }), { code: 'ECONFLICT' });
      await assert.rejects(transfer(toAgent('agent2'), 'agent2'), { code: 'EPERM' });
      const { session, formerAgentId } = await transfer(toAgent('agent2'));
      assert.deepEqual([session.agentId, session.state, formerAgentId], ['agent2', 'active', 'agent1']);
      assert.equal(session.agentName, 'agent2', 'its nickname');
      assert.deepEqual(
        [await isMember(tenant, id, 'agent1'), await isMember(tenant, id, 'agent2')],
        [false, true],
      );
      await store.agentLeft({ tenant, userId: 'agent1', node: NODE, at: 40 });
      await assert.rejects(transfer(toAgent('agent1'), 'agent2'), { code: 'ECONFLICT', field: 'agentId' });
    });

    test('an agent who may only read is given nobody, and what it has goes back to the head of the queue', async () => {
      const tenant = await tenantWith('agent1', 'agent2', 'alice', 'bob', 'carol');
      const permit = (permission: 'read_only' | 'full_access') =>
        store.changeChatPermission({
          ...{ tenant, id: `audit${next++}`, actorId: 'boss', reason: 'x', at: 40 },
          ...{ userId: 'agent1', permission },
        });
      const served = await openSession(tenant, 'alice', 20);
      await attend(tenant, 'agent1', 5, ['billing']);
      await attend(tenant, 'agent2', 1);
      const { session } = (await assign(tenant)) ?? {};
      assert.equal(session?.agentId, 'agent1');
      await permit('read_only');
      const second = await openSession(tenant, 'bob', 21);
      assert.equal((await assign(tenant))?.session.agentId, 'agent2');
      assert.equal((await store.findBoard(tenant)).agents[0]?.isSuspended, true);
      const waiting = await openSession(tenant, 'carol', 22);
      await assert.rejects(store.acceptService(act(tenant, waiting, 'agent1')), { code: 'ECONFLICT' });
      const transfer = (to: Transfer['to']) =>
        store.transferService({ ...act(tenant, second, 'agent2'), to });
      await assert.rejects(transfer({ agentId: 'agent1', seenAfter: EVER }), {
        code: 'ECONFLICT',
        field: 'agentId',
      });
      await assert.rejects(transfer({ skill: 'billing' }), { code: 'ENOENT', field: 'skill' });
      const released = await release(tenant);
      assert.deepEqual(
        released.map(({ session: { id, state }, formerAgentId }) => [id, state, formerAgentId]),
        [[served, 'queued', 'agent1']],
      );
      assert.deepEqual(await queue(tenant), ['alice', 'carol']);
      await permit('full_access');
      assert.deepEqual(
        [(await assign(tenant))?.session.customerId, (await assign(tenant))?.session.customerId],
        ['alice', 'carol'],
      );
    });

    test('a user who is no agent any more gives its customers back, and keeps its own session', async () => {
      const tenant = await tenantWith('agent1', 'alice');
      const served = await openSession(tenant, 'alice');
      await attend(tenant, 'agent1');
      await assign(tenant);
      const own = await openSession(tenant, 'agent1');
      const released = await store.removeAgent({ tenant, userId: 'agent1' }, 40);
      assert.deepEqual(
        released.map(({ session }) => session.id),
        [served],
      );
      assert.deepEqual((await store.findBoard(tenant)).agents, []);
      assert.equal((await find(tenant, own)).state, 'queued');
    });

    /** What of one tenant is taken from agents who are all seen. */
    async function release(tenant: string) {
      const all = await store.releaseLost({ seenAfter: EVER, at: 50, limit: 100 });
      return all.filter(({ session }) => session.tenant === tenant);
    }

    function come(tenant: string, userId: string, at = 25, node = NODE) {
      return store.customersSeen({ node, customers: [{ tenant, userId }], at });
    }

    /** What became overdue of one tenant; times that are not given settle nothing. */
    async function settle(tenant: string, times: Partial<Overdue>) {
      const settled = await store.settleOverdue({ lostBefore: EVER, at: 90, limit: 100, ...times });
      const idsOf = (sessions: readonly ServiceSession[]) =>
        sessions.filter((session) => session.tenant === tenant).map(({ id }) => id);
      return { left: idsOf(settled.left), absent: idsOf(settled.absent), closed: idsOf(settled.closed) };
    }
    const NOTHING = { left: [], absent: [], closed: [] };

    test('a customer is connected from when it is seen until it leaves that node, or the node is lost', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const id = await openSession(tenant, 'alice');
      const isConnected = async () => (await find(tenant, id)).isCustomerConnected;
      assert.equal(await isConnected(), false);
      assert.deepEqual(await come(tenant, 'bob'), [], 'has no session');
      assert.deepEqual(
        (await come(tenant, 'alice')).map((session) => [session.id, session.isCustomerConnected]),
        [[id, true]],
      );
      assert.deepEqual(await come(tenant, 'alice', 26), [], 'was there already');
      const left = { tenant, userId: 'alice', at: 27 };
      assert.equal(await store.customerLeft({ ...left, node: 'another node' }), null);
      assert.equal((await store.customerLeft({ ...left, node: NODE }))?.isCustomerConnected, false);
      assert.equal(await store.customerLeft({ ...left, node: NODE }), null);
      await come(tenant, 'alice', 40);
      assert.deepEqual(await settle(tenant, { lostBefore: 39 }), NOTHING);
      assert.deepEqual(await settle(tenant, { lostBefore: 40 }), { ...NOTHING, left: [id] });
      assert.equal(await isConnected(), false);
      assert.equal((await store.findOpenService(tenant, 'alice'))?.id, id);
      const target = { kind: 'desk', newId: 'here', skill: '', node: NODE } as const;
      const opening = { ...message(tenant, 'bob', 'x', 50), target };
      assert.equal((await store.appendMessage(opening)).opened?.isCustomerConnected, true);
      const { customers, next } = await store.listOpenCustomers(0, 9999);
      const here = customers.filter((customer) => customer.tenant === tenant);
      assert.deepEqual(
        [here.map(({ userId, node }) => [userId, node]), next],
        [
          [
            ['alice', null],
            ['bob', NODE],
          ],
          undefined,
        ],
      );
      const page = await store.listOpenCustomers(0, 1);
      assert.equal(
        (await store.listOpenCustomers(page.next ?? 0, 9999)).customers.length,
        customers.length - 1,
      );
      assert.equal(
        (await store.closeService(act(tenant, 'here', 'bob'))).isCustomerConnected,
        false,
        'once it is closed',
      );
    });

    test('a customer who is away is passed over, keeps its place, and has it again on coming back', async () => {
      const tenant = await tenantWith('agent1', 'a', 'b', 'c');
      const [a, b] = [await openSession(tenant, 'a', 20), await openSession(tenant, 'b', 30)];
      await attend(tenant, 'agent1', 1);
      const next = async (customerSeenAfter: number) =>
        (await store.assignNext({ tenant, seenAfter: EVER, customerSeenAfter, at: 50 }))?.session.customerId;
      assert.deepEqual(await settle(tenant, { awayBefore: 20, at: 45 }), { ...NOTHING, absent: [a] });
      assert.deepEqual(await settle(tenant, { awayBefore: 20 }), NOTHING, 'is absent already');
      const { absentSince, state } = await find(tenant, a);
      assert.deepEqual([absentSince, state], [45, 'queued']);
      const board = await store.findBoard(tenant);
      assert.deepEqual([board.waitingTotal, board.absentTotal, board.waiting[0]?.absent], [2, 1, 1]);
      assert.equal((await readStats(store, { tenant, from: 0, to: 99 })).absent, 1);
      assert.deepEqual([await store.queuePosition(tenant, a), await store.queuePosition(tenant, b)], [1, 2]);
      assert.equal(await next(30), undefined, 'the other one is away too');
      assert.equal(await next(29), 'b');
      await store.closeService(act(tenant, b, 'b'));
      assert.equal(await next(0), undefined);
      assert.equal((await come(tenant, 'a', 60))[0]?.absentSince, null);
      assert.equal(await next(999), 'a', 'is connected');
    });

    test('an agent may accept an absent customer, which is absent no more', async () => {
      const tenant = await tenantWith('agent1', 'alice');
      const id = await openSession(tenant, 'alice');
      await attend(tenant, 'agent1');
      await settle(tenant, { awayBefore: 20 });
      const { session } = await store.acceptService(act(tenant, id, 'agent1'));
      assert.deepEqual([session.state, session.absentSince], ['active', null]);
    });

    test('who was absent for too long is waited for no more', async () => {
      const tenant = await tenantWith('alice');
      const id = await openSession(tenant, 'alice');
      await settle(tenant, { awayBefore: 20, at: 45 });
      assert.deepEqual(await settle(tenant, { absentBefore: 44 }), NOTHING);
      assert.deepEqual(await settle(tenant, { absentBefore: 45 }), { ...NOTHING, closed: [id] });
      const { state, closedBy, closeReason, closedAt, absentSince } = await find(tenant, id);
      assert.deepEqual(
        [state, closedBy, closeReason, closedAt, absentSince],
        ['closed', null, 'absent', 90, null],
      );
      assert.equal((await readStats(store, { tenant, from: 0, to: 99 })).total.abandoned, 1);
    });

    test('what nobody writes in is closed, from the last message or the coming of its agent on', async () => {
      const tenant = await tenantWith('agent1', 'alice', 'bob');
      const id = await openSession(tenant, 'alice', 20);
      await openSession(tenant, 'bob', 21);
      await attend(tenant, 'agent1', 1);
      await assign(tenant, 40);
      assert.deepEqual(await settle(tenant, { idleBefore: 39 }), NOTHING);
      const target = { kind: 'service', sessionId: id } as const;
      await store.appendMessage({ ...message(tenant, 'agent1', 'yes?', 60), target });
      assert.deepEqual(
        await settle(tenant, { idleBefore: 59 }),
        NOTHING,
        'bob has no agent, and is not idle',
      );
      assert.deepEqual(await settle(tenant, { idleBefore: 60 }), { ...NOTHING, closed: [id] });
      const { closedBy, closeReason, agentId } = await find(tenant, id);
      assert.deepEqual([closedBy, closeReason, agentId], [null, 'idle', 'agent1']);
    });

    test('the time in which no node ran does not count as idle', async () => {
      await clearDesk();
      const tenant = await tenantWith('agent1', 'alice');
      const id = await openSession(tenant, 'alice', 20);
      await attend(tenant, 'agent1', 1);
      await assign(tenant, 40);
      const target = { kind: 'service', sessionId: id } as const;
      await store.appendMessage({ ...message(tenant, 'agent1', 'yes?', 1_000_040), target });
      // Idle for 10 when it was last seen to run.
      await store.agentsSeen({ node: NODE, agents: [{ tenant, userId: 'agent1' }], at: 1_000_050 });
      await store.resumeDesk(NODE, 5_000_050);
      assert.deepEqual((await settle(tenant, { idleBefore: 5_000_039 })).closed, []);
      assert.deepEqual((await settle(tenant, { idleBefore: 5_000_040 })).closed, [id]);
    });

    test('a session tells who closed it', async () => {
      const tenant = await tenantWith('agent1', 'a', 'b', 'c', 'd');
      await attend(tenant, 'agent1', 1);
      const served = await openSession(tenant, 'a');
      await assign(tenant);
      const reasons = [
        await store.closeService(act(tenant, served, 'agent1')),
        await store.closeService(act(tenant, await openSession(tenant, 'b'), 'b')),
        await store.closeService({ ...act(tenant, await openSession(tenant, 'c'), 'boss'), isManager: true }),
      ].map(({ closeReason }) => closeReason);
      await openSession(tenant, 'd');
      const { closed } = await store.removeFromDesk({ tenant, userId: 'd' }, 80);
      assert.deepEqual([...reasons, closed[0]?.closeReason], ['agent', 'customer', 'manager', 'deleted']);
    });

    test('a transfer to a skill waits at the end of its queue', async () => {
      const tenant = await tenantWith('agent1', 'alice', 'bob');
      const id = await openSession(tenant, 'alice', 20);
      await attend(tenant, 'agent1', 1);
      await assign(tenant);
      const other = await openSession(tenant, 'bob', 25, 'billing');
      const toBilling = { ...act(tenant, id, 'agent1', 30), to: { skill: 'billing' } };
      await assert.rejects(store.transferService(toBilling), { code: 'ENOENT', field: 'skill' });
      await store.createUser({
        ...{ tenant, id: 'agent2', username: 'agent2', nickname: '', role: 'agent' as const },
        ...{ passwordHash: null, createdAt: 1 },
      });
      await attend(tenant, 'agent2', 0, ['billing']);
      await assert.rejects(
        store.transferService({ ...act(tenant, other, 'x'), isManager: true, to: { skill: 'y' } }),
        { code: 'ECONFLICT' },
      );
      const { session } = await store.transferService(toBilling);
      assert.deepEqual([session.state, session.agentId, session.skill], ['queued', null, 'billing']);
      assert.deepEqual(await queue(tenant, 'billing'), ['bob', 'alice']);
      assert.deepEqual(
        [await store.queuePosition(tenant, other), await store.queuePosition(tenant, id)],
        [1, 2],
      );
      assert.equal(await isMember(tenant, id, 'agent1'), false);
    });

    async function queue(tenant: string, skill = ''): Promise<string[]> {
      return (await store.listQueue(tenant, skill, 99)).map(({ customerId }) => customerId);
    }

    /** Takes everything that other tests left from its agents: who is lost is asked for all tenants. */
    async function clearDesk(): Promise<void> {
      await store.releaseLost({ seenAfter: Number.MAX_SAFE_INTEGER, at: 1, limit: 1000 });
    }

    test('sessions of a lost agent go to the head of the queue, in the order they were opened', async () => {
      await clearDesk();
      const tenant = await tenantWith('agent1', 'agent2', 'a', 'b', 'c', 'd');
      await openSession(tenant, 'a', 20);
      await openSession(tenant, 'b', 21);
      await attend(tenant, 'agent1', 2, [], 100);
      await assign(tenant);
      await assign(tenant);
      await openSession(tenant, 'c', 15);
      await attend(tenant, 'agent2', 1, [], 200);
      assert.equal((await assign(tenant))?.session.customerId, 'c');
      await openSession(tenant, 'd', 10);
      assert.deepEqual(await store.releaseLost({ seenAfter: 99, at: 201, limit: 9 }), []);
      const lost = await store.releaseLost({ seenAfter: 100, at: 201, limit: 1 });
      assert.deepEqual(
        lost.map(({ session, formerAgentId }) => [session.customerId, session.agentId, formerAgentId]),
        [['a', null, 'agent1']],
      );
      await store.releaseLost({ seenAfter: 100, at: 201, limit: 9 });
      assert.deepEqual(await queue(tenant), ['a', 'b', 'd']);
      const agents = (await store.findBoard(tenant)).agents;
      assert.deepEqual(
        agents.map(({ userId, isConnected, active }) => [userId, isConnected, active]),
        [
          ['agent1', false, 0],
          ['agent2', true, 1],
        ],
      );
    });

    test('after a restart nobody is connected, and who was has the whole time to come back', async () => {
      await clearDesk();
      const tenant = await tenantWith('agent1', 'agent2', 'alice');
      await openSession(tenant, 'alice');
      await attend(tenant, 'agent1', 1, ['x'], 100);
      await assign(tenant);
      await store.resumeDesk(NODE, 500);
      assert.deepEqual(await store.releaseLost({ seenAfter: 499, at: 501, limit: 9 }), []);
      const [agent] = (await store.findBoard(tenant)).agents;
      assert.deepEqual(agent, {
        userId: 'agent1',
        status: 'online',
        isConnected: false,
        isSuspended: false,
        capacity: 1,
        skills: ['x'],
        active: 1,
      });
      assert.equal((await store.releaseLost({ seenAfter: 500, at: 501, limit: 9 })).length, 1);
    });

    test('after a restart no customer is connected, and who was away has the whole time again', async () => {
      const tenant = await tenantWith('here', 'elsewhere', 'away', 'absent');
      const absent = await openSession(tenant, 'absent', 10);
      await settle(tenant, { awayBefore: 10, at: 40 });
      const away = await openSession(tenant, 'away', 20);
      const [here, elsewhere] = [await openSession(tenant, 'here'), await openSession(tenant, 'elsewhere')];
      await come(tenant, 'here');
      await come(tenant, 'elsewhere', 25, 'another node');
      await store.resumeDesk(NODE, 500);
      const isConnected = async (id: string) => (await find(tenant, id)).isCustomerConnected;
      assert.deepEqual([await isConnected(here), await isConnected(elsewhere)], [false, true]);
      assert.deepEqual(await settle(tenant, { awayBefore: 499, absentBefore: 499 }), NOTHING);
      const { closed, absent: absentNow } = await settle(tenant, {
        awayBefore: 500,
        absentBefore: 500,
        at: 600,
      });
      assert.deepEqual([closed, absentNow.toSorted()], [[absent], [away, here].toSorted()]);
    });

    test('customer, agent or a manager closes a session, once', async () => {
      const tenant = await tenantWith('agent1', 'alice', 'bob');
      const id = await openSession(tenant, 'alice');
      await assert.rejects(store.closeService(act(tenant, id, 'bob')), { code: 'EPERM' });
      await assert.rejects(store.closeService(act(tenant, 'nothing', 'bob')), { code: 'ENOENT' });
      const closed = await store.closeService({ ...act(tenant, id, 'boss', 60), isManager: true });
      assert.deepEqual([closed.state, closed.closedAt, closed.closedBy], ['closed', 60, 'boss']);
      await assert.rejects(store.closeService(act(tenant, id, 'alice')), { code: 'ECONFLICT' });
      assert.deepEqual(await membershipsOf(store, tenant, 'alice'), []);
      assert.equal(await isMember(tenant, id, 'alice'), true, 'what was missed in it can still be told');
    });

    test('only the customer rates, after the close, once', async () => {
      const tenant = await tenantWith('alice', 'bob');
      const id = await openSession(tenant, 'alice');
      const rating = { score: 5, comment: 'thanks' };
      await assert.rejects(store.rateService(act(tenant, id, 'alice'), rating), { code: 'ECONFLICT' });
      await store.closeService(act(tenant, id, 'alice'));
      await assert.rejects(store.rateService(act(tenant, id, 'bob'), rating), { code: 'EPERM' });
      const rated = await store.rateService(act(tenant, id, 'alice', 70), rating);
      assert.deepEqual(rated.rating, { ...rating, at: 70 });
      await assert.rejects(store.rateService(act(tenant, id, 'alice'), rating), { code: 'ECONFLICT' });
    });

    test("a note's id is its author's once", async () => {
      const tenant = await tenantWith('alice', 'bob');
      const [one, two] = [await openSession(tenant, 'alice'), await openSession(tenant, 'bob')];
      const note = { tenant, clientId: 'n', sessionId: one, authorId: 'agent1', content: 'x', at: 1 };
      const first = await store.addNote({ ...note, id: 'id1' });
      assert.deepEqual(first, { note: { ...note, id: 'id1' }, duplicate: false, agentId: null });
      const repeat = await store.addNote({ ...note, id: 'id2', at: 2 });
      assert.deepEqual(repeat, { ...first, duplicate: true });
      const others = await store.addNote({ ...note, id: 'id3', authorId: 'agent2', content: 'y' });
      assert.equal(others.note.id, 'id3');
      for (const other of [{ content: 'y' }, { sessionId: two }]) {
        await assert.rejects(store.addNote({ ...note, ...other, id: 'id4' }), { code: 'ECONFLICT' });
      }
      assert.deepEqual(
        (await store.listNotes(tenant, one, 1)).map(({ content }) => content),
        ['y'],
      );
    });

    test('a user who is deleted leaves the desk: its own session ends, its customers wait at the head', async () => {
      const tenant = await tenantWith('agent1', 'alice', 'bob');
      const served = await openSession(tenant, 'alice');
      await attend(tenant, 'agent1');
      await assign(tenant);
      const own = await openSession(tenant, 'bob');
      const { closed } = await store.removeFromDesk({ tenant, userId: 'bob' }, 80);
      assert.deepEqual(
        closed.map(({ id, state }) => [id, state]),
        [[own, 'closed']],
      );
      const { released } = await store.removeFromDesk({ tenant, userId: 'agent1' }, 80);
      assert.deepEqual(
        released.map(({ session }) => [session.id, session.state]),
        [[served, 'queued']],
      );
      assert.deepEqual((await store.findBoard(tenant)).agents, []);
      await store.deleteUser(tenant, 'agent1', 2);
      await store.agentsSeen({ node: NODE, agents: [{ tenant, userId: 'agent1' }], at: 90 });
      assert.deepEqual((await store.findBoard(tenant)).agents, [], 'one who is no more is not seen');
    });

    test('sessions are listed newest first, by what is asked, page by page', async () => {
      const tenant = await tenantWith('agent1', 'a', 'b', 'c');
      const [a, b, c] = [
        await openSession(tenant, 'a', 21, 'x'),
        await openSession(tenant, 'b', 22),
        await openSession(tenant, 'c', 23),
      ];
      await attend(tenant, 'agent1', 1);
      await assign(tenant);
      const list = async (query: object) =>
        (await store.listServices({ tenant, limit: 9, ...query })).map(({ id }) => id);
      assert.deepEqual(await list({}), [c, b, a]);
      assert.deepEqual(await list({ limit: 2 }), [c, b]);
      assert.deepEqual(await list({ after: b }), [a]);
      assert.deepEqual(await list({ state: 'queued' }), [c, a]);
      assert.deepEqual(await list({ agentId: 'agent1' }), [b]);
      assert.deepEqual(await list({ customerId: 'c', state: 'closed' }), []);
      assert.deepEqual(await list({ skill: 'x' }), [a]);
      assert.deepEqual(await list({ from: 22, to: 23 }), [b]);
    });

    test('a board is of one moment, however many customers come and go meanwhile', async () => {
      const customers = Array.from({ length: 800 }, (_, index) => `c${index}`);
      const tenant = await tenantWith('agent1', ...customers);
      const writes: Promise<unknown>[] = [];
      const boards: ReturnType<typeof store.findBoard>[] = [];
      for (const customer of customers) {
        writes.push(openSession(tenant, customer));
        boards.push(store.findBoard(tenant), store.findBoard(tenant));
        await Promise.race([writes.at(-1), boards.at(-1)]);
      }
      await Promise.all(writes);
      for (const { waiting, waitingTotal } of await Promise.all(boards)) {
        const counted = waiting.reduce((sum, { count }) => sum + count, 0);
        assert.equal(counted, waitingTotal);
      }
    });

    test('the board counts who waits by skill, and the figures tell times, ratings, agents and hours', async () => {
      const hour = 3_600_000;
      const tenant = await tenantWith('agent1', 'a', 'b', 'c');
      await attend(tenant, 'agent1');
      const first = await openSession(tenant, 'a', hour);
      await assign(tenant, hour);
      const answer = message(tenant, 'agent1', 'answer', hour + 500);
      await store.appendMessage({ ...answer, target: { kind: 'service', sessionId: first } });
      await store.closeService(act(tenant, first, 'a', hour + 2000));
      await store.rateService(act(tenant, first, 'a', hour + 3000), { score: 4, comment: '' });
      await openSession(tenant, 'b', 2 * hour + 1, 'x');
      await openSession(tenant, 'c', 2 * hour + 2, 'x');
      const board = await store.findBoard(tenant);
      assert.deepEqual(
        [board.waiting, board.waitingTotal],
        [[{ skill: 'x', count: 2, absent: 0, since: 2 * hour + 1 }], 2],
      );
      const served = {
        opened: 1,
        closed: 1,
        abandoned: 0,
        answered: 1,
        firstAnswerTime: 500,
        length: 2000,
        rated: 1,
        rating: 4,
      };
      const waiting = {
        opened: 2,
        closed: 0,
        abandoned: 0,
        answered: 0,
        firstAnswerTime: null,
        length: null,
        rated: 0,
        rating: null,
      };
      // However few sessions one read looks at.
      const oneByOne: Pick<DeskStore, 'tallyServices' | 'countDesk'> = {
        countDesk: (id) => store.countDesk(id),
        tallyServices: (query) => store.tallyServices({ ...query, limit: 1 }),
      };
      const all = await readStats(store, { tenant, from: 0, to: 9 * hour });
      assert.deepEqual(await readStats(oneByOne, { tenant, from: 0, to: 9 * hour }), all);
      assert.deepEqual(all, {
        waiting: 2,
        absent: 0,
        active: 0,
        total: { ...served, opened: 3 },
        byAgent: [{ agentId: 'agent1', active: 0, ...served }],
        byHour: [
          { hour, ...served },
          { hour: 2 * hour, ...waiting },
        ],
      });
      assert.deepEqual((await readStats(store, { tenant, from: 0, to: hour })).total, {
        ...waiting,
        opened: 0,
      });
      assert.ok((await store.listWaitingTenants()).includes(tenant));
      assert.ok((await store.countServices()).waiting >= 2);
    });
  });
}

function message(tenant: string, senderId: string, text: string, createdAt: number) {
  const id = `${tenant}-${senderId}-${text}`;
  return {
    tenant,
    id,
    clientId: id,
    senderId,
    content: { type: 'text', text, extra: null },
    source: 'test',
    deviceId: '',
    createdAt,
  } as const;
}
