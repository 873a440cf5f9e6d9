import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceAct } from '../../../core/ports/desk-store.ts';
import { newMessage, newUser, toService } from '../fixture.ts';
import { isDone, RACES, type RaceFixture, upTo } from './fixture.ts';

/** Everybody counts as seen. */
const EVER = -1;

/** Service sessions, of which two nodes make something at once. */
export function deskRaces({ one, other, turn, tenantWith, outcomes, history }: RaceFixture): void {
  let next = 0;

  /** A tenant with agents who are online. */
  async function deskWith(agents: readonly string[], customers: readonly string[]): Promise<string> {
    const tenant = await tenantWith(...customers);
    for (const id of agents) {
      await one.createUser({ ...newUser(tenant, id), role: 'agent' });
      await one.agentsSeen({ node: 'n', agents: [{ tenant, userId: id }], at: 10 });
      await one.setAgentStatus({ tenant, userId: id, status: 'online', capacity: 9, at: 10 });
    }
    return tenant;
  }

  /** Opens a session; returns its id. */
  async function ask(tenant: string, customer: string): Promise<string> {
    const target = { kind: 'desk' as const, newId: `race-${next++}`, skill: '', node: 'n' };
    const { message } = await one.appendMessage(newMessage(tenant, customer, target, 'help'));
    return message.conversationId;
  }

  function act(tenant: string, sessionId: string, actorId: string): ServiceAct {
    return { tenant, sessionId, actorId, isManager: false, at: 30 };
  }

  const assign = (n: number, tenant: string) => turn(n).assignNext({ tenant, seenAfter: EVER, at: 20 });

  test('a customer who asks through both at once opens one session', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await deskWith([], ['carol']);
      const open = (n: number) => {
        const target = { kind: 'desk' as const, newId: `open-${next++}`, skill: '', node: 'n' };
        return turn(n).appendMessage(newMessage(tenant, 'carol', target, `${n}`));
      };
      const sent = await Promise.all(upTo(4).map(open));
      assert.equal(new Set(sent.map(({ message }) => message.conversationId)).size, 1);
      assert.equal(sent.filter(({ opened }) => opened).length, 1);
    }
  });

  test('a session that its customer closes is given to nobody', async () => {
    for (let race = 0; race < RACES; race++) {
      const customers = upTo(4).map((n) => `c${n}`);
      const tenant = await deskWith(['x'], customers);
      const ids: string[] = [];
      for (const customer of customers) ids.push(await ask(tenant, customer));
      const close = (id: string, n: number) => turn(n).closeService(act(tenant, id, customers[n] as string));
      await outcomes<unknown>([...upTo(4).map((n) => assign(n, tenant)), ...ids.map(close)]);
      for (const id of ids) assert.equal((await one.findService(tenant, id))?.state, 'closed');
      const board = await one.findBoard(tenant);
      assert.equal(board.agents[0]?.active, 0);
    }
  });

  test('an agent who goes puts no session back that was closed', async () => {
    for (let race = 0; race < RACES; race++) {
      const customers = upTo(4).map((n) => `c${n}`);
      const tenant = await deskWith(['x'], customers);
      const ids: string[] = [];
      for (const customer of customers) {
        ids.push(await ask(tenant, customer));
        await assign(0, tenant);
      }
      const close = (id: string, n: number) => other.closeService(act(tenant, id, customers[n] as string));
      const go =
        race % 2 === 0
          ? one.removeAgent({ tenant, userId: 'x' }, 25)
          : one.removeFromDesk({ tenant, userId: 'x' }, 25);
      const { refused } = await outcomes<unknown>([go, ...ids.map(close)]);
      assert.deepEqual(refused, []);
      for (const id of ids) assert.equal((await one.findService(tenant, id))?.state, 'closed');
    }
  });

  test('nothing is said in a session once it is closed', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await deskWith(['x'], ['carol']);
      const id = await ask(tenant, 'carol');
      await assign(0, tenant);
      const sent = upTo(6).map((n) =>
        turn(n).appendMessage(newMessage(tenant, n % 3 === 0 ? 'x' : 'carol', toService(id), `${n}`)),
      );
      const closing =
        race % 2 === 0
          ? other.closeService(act(tenant, id, 'carol'))
          : other.settleOverdue({ lostBefore: EVER, idleBefore: 40, at: 50, limit: 10 });
      const closed = closing.then(() => history(tenant, id));
      const { refused } = await outcomes(sent);
      const said = await closed;
      const isClosed = (await one.findService(tenant, id))?.state === 'closed';
      if (isClosed) assert.deepEqual(await history(tenant, id), said);
      else assert.deepEqual(refused, []);
      assert.ok(refused.every((code) => code === 'ECONFLICT'));
    }
  });

  test('a session that both close is closed once, and rated after its end and once', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await deskWith(['x'], ['carol']);
      const id = await ask(tenant, 'carol');
      await assign(0, tenant);
      const rate = (n: number) => turn(n).rateService(act(tenant, id, 'carol'), { score: n, comment: '' });
      const [one0, other1, ...rated] = await Promise.allSettled([
        one.closeService(act(tenant, id, 'carol')),
        other.closeService(act(tenant, id, 'x')),
        ...upTo(4).map(rate),
      ]);
      assert.equal([one0, other1].filter(isDone as never).length, 1);
      const early = rated.filter(isDone).length;
      const late = (await outcomes(upTo(2).map(rate))).done.length;
      assert.equal(early + late, 1);
    }
  });

  test('sessions of lost agents are put back by one of both', async () => {
    for (let race = 0; race < RACES; race++) {
      const customers = upTo(6).map((n) => `c${n}`);
      const tenant = await deskWith(['x', 'y'], customers);
      for (const customer of customers) {
        await ask(tenant, customer);
        await assign(0, tenant);
      }
      const release = (n: number) => turn(n).releaseLost({ seenAfter: 10, at: 40, limit: 4 });
      const released = (await Promise.all(upTo(6).map(release))).flat();
      const own = released.flatMap(({ session }) => (session.tenant === tenant ? [session.id] : []));
      const rest = (await one.releaseLost({ seenAfter: 10, at: 40, limit: 100 })).flatMap(({ session }) =>
        session.tenant === tenant ? [session.id] : [],
      );
      assert.deepEqual([own.length + rest.length, new Set([...own, ...rest]).size], [6, 6]);
      assert.equal((await one.listQueue(tenant, '', 10)).length, 6);
    }
  });

  test('what is overdue is settled by one of both', async () => {
    for (let race = 0; race < RACES; race++) {
      const customers = upTo(6).map((n) => `c${n}`);
      const tenant = await deskWith(['x'], customers);
      for (const customer of customers) await ask(tenant, customer);
      for (let n = 0; n < 3; n++) await assign(n, tenant);
      const settle = (n: number) =>
        turn(n).settleOverdue({
          ...{ lostBefore: 20, awayBefore: 20, absentBefore: 50, idleBefore: 50 },
          ...{ at: 50, limit: 4 },
        });
      const settled = await Promise.all(upTo(8).map(settle));
      for (let more = true; more; ) {
        const each = await settle(0);
        settled.push(each);
        more = each.left.length + each.absent.length + each.closed.length > 0;
      }
      for (const kind of ['left', 'absent', 'closed'] as const) {
        const ids = settled.flatMap((each) => each[kind]).flatMap((s) => (s.tenant === tenant ? [s.id] : []));
        assert.equal(new Set(ids).size, ids.length, `${kind} once`);
        if (kind === 'closed') assert.equal(ids.length, 6);
      }
    }
  });
}
