import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemberRole } from '../../core/model.ts';
import type { StoreFixture } from './fixture.ts';

/** Who may do what to a group, judged inside the write. */
export function groupRightsContract({ store, tenantWith }: StoreFixture): void {
  const conversationId = 'team';
  const as = (userId: string) => ({ userId, isManager: false });

  async function makeTeam(roles: Readonly<Record<string, MemberRole>>) {
    const ids = Object.keys(roles);
    const tenant = await tenantWith(...ids);
    for (const [at, userId] of ids.entries()) {
      const members = [{ userId, role: roles[userId] ?? ('member' as const) }];
      if (at === 0) await store.createGroup({ tenant, id: conversationId, name: '', members, createdAt: 0 });
      else await store.addMembers({ tenant, conversationId, members, maxMembers: 99, at });
    }
    return {
      tenant,
      remove: (by: string, userId: string) =>
        store.removeMember({ tenant, conversationId, userId, by: as(by) }),
      setRole: (by: string, userId: string, role: MemberRole) =>
        store.setMemberRole({ tenant, conversationId, userId, role, by: as(by) }),
      async roles() {
        const members = await store.listMembers(tenant, conversationId, { limit: 99 });
        return Object.fromEntries(members.map(({ userId, role }) => [userId, role]));
      },
    };
  }

  /** The codes with which calls made at once were refused. */
  async function refusals(...calls: Promise<unknown>[]): Promise<string[]> {
    const outcomes = await Promise.allSettled(calls);
    return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
  }

  test('of two owners who leave or step down at once one stays owner', async () => {
    const { setRole, remove, roles } = await makeTeam({ ann: 'owner', ben: 'owner', cid: 'member' });
    assert.deepEqual(await refusals(setRole('ann', 'ann', 'member'), setRole('ben', 'ben', 'member')), [
      'ECONFLICT',
    ]);
    await setRole('ben', 'ann', 'owner');
    assert.deepEqual(await refusals(remove('ann', 'ann'), setRole('ben', 'ben', 'member')), ['ECONFLICT']);
    assert.deepEqual(await roles(), { ben: 'owner', cid: 'member' });
  });

  test('one who was demoted or removed just before has its rights no more', async () => {
    const { setRole, remove, roles } = await makeTeam({
      ann: 'owner',
      ben: 'admin',
      cid: 'admin',
      dan: 'member',
    });
    const codes = await refusals(
      setRole('ann', 'ben', 'member'),
      remove('ben', 'dan'),
      remove('ann', 'cid'),
      remove('cid', 'dan'),
    );
    assert.deepEqual(codes, ['EPERM', 'ENOENT']);
    assert.deepEqual(await roles(), { ann: 'owner', ben: 'member', dan: 'member' });
  });

  test('a group is handed over by its owner, and by a manager from all its owners', async () => {
    const { tenant, roles } = await makeTeam({ ann: 'owner', ben: 'owner', cid: 'member' });
    const handOver = (userId: string, by?: string) =>
      store.handOverGroup({ tenant, conversationId, userId, ...(by === undefined ? {} : { by: as(by) }) });
    assert.deepEqual(await handOver('cid', 'ann'), [
      { userId: 'cid', role: 'owner' },
      { userId: 'ann', role: 'admin' },
    ]);
    assert.deepEqual(await handOver('ann'), [
      { userId: 'ann', role: 'owner' },
      { userId: 'ben', role: 'admin' },
      { userId: 'cid', role: 'admin' },
    ]);
    assert.deepEqual(await handOver('ann'), []);
    await assert.rejects(handOver('ann', 'ben'), { code: 'EPERM' });
    await assert.rejects(handOver('nobody', 'ann'), { code: 'ENOENT', field: 'userId' });
    assert.deepEqual(await roles(), { ann: 'owner', ben: 'admin', cid: 'admin' });
  });

  test('whoever owned a group alone and goes is followed, also where it is deleted', async () => {
    const { tenant, remove, roles } = await makeTeam({
      ann: 'owner',
      ben: 'member',
      cid: 'admin',
      dan: 'admin',
    });
    assert.deepEqual(await remove('ann', 'ann'), [{ userId: 'cid', role: 'owner' }]);
    const { groups } = await store.deleteUser(tenant, 'cid', 2);
    assert.deepEqual(groups, [{ conversationId, changed: [{ userId: 'dan', role: 'owner' }] }]);
    assert.deepEqual(await remove('dan', 'ben'), []);
    assert.deepEqual(await remove('dan', 'dan'), [], 'nobody is left to follow');
    assert.deepEqual(await roles(), {});
    assert.equal((await store.findConversation(tenant, conversationId))?.memberCount, 0);
  });
}
