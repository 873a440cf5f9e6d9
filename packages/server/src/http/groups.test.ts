import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type HttpFixture, principal, startHttp } from './http-fixture.ts';

const PATH = '/api/v1/groups';
const admin = principal('admin', 'admin');
const alice = principal('alice');

let http: HttpFixture;
before(async () => {
  http = await startHttp({ flags: { maxGroupMembers: '5' } });
  for (const id of ['admin', 'alice', 'bob', 'carol'])
    await http.core.users.create(admin, { id, username: id });
});
after(() => http.stop());

const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);

test('a group is made, looked up, listed, changed and ended', async () => {
  const body = { id: 'team', name: 'Team', members: [{ userId: 'alice', role: 'owner' }, { userId: 'bob' }] };
  const made = await http.call('POST', PATH, { as: admin, body });
  assert.equal(made.status, 201);
  const { createdAt, ...group } = made.body;
  assert.deepEqual(group, {
    id: 'team',
    uid: -1,
    appId: 'default',
    name: 'Team',
    avatar: '',
    memberCount: 2,
    lastSeq: 0,
  });

  assert.deepEqual((await http.call('GET', `${PATH}/team`, { as: alice })).body, made.body);
  assert.deepEqual(ids((await http.call('GET', PATH, { as: alice })).body.groups), ['team']);
  assert.deepEqual((await http.call('GET', PATH, { as: principal('carol') })).body, { groups: [] });

  const changed = await http.call('PATCH', `${PATH}/team`, { as: admin, body: { name: '团队' } });
  assert.deepEqual([changed.status, changed.body.name], [200, '团队']);

  assert.equal((await http.call('DELETE', `${PATH}/team`, { as: admin })).status, 204);
  assert.equal((await http.call('GET', `${PATH}/team`, { as: admin })).status, 404);
});

test('members are added, one or several, listed in pages, given roles and removed', async () => {
  await http.call('POST', PATH, { as: admin, body: { id: 'crew', name: 'Crew' } });
  const members = `${PATH}/crew/members`;
  const add = (body: unknown) => http.call('POST', members, { as: admin, body });
  assert.deepEqual(await add({ userId: 'alice', role: 'owner' }).then(({ status, text }) => [status, text]), [
    204,
    '',
  ]);
  assert.equal(
    (await add({ members: [{ userId: 'bob' }, { userId: 'carol' }, { userId: 'alice' }] })).status,
    204,
  );

  const first = (await http.call('GET', `${members}?limit=2`, { as: alice })).body;
  assert.deepEqual(
    first.members.map(({ userId, role }: { userId: string; role: string }) => [userId, role]),
    [
      ['alice', 'owner'],
      ['bob', 'member'],
    ],
  );
  assert.deepEqual(Object.keys(first.members[0]), ['userId', 'role', 'joinedAt', 'deliveredSeq', 'readSeq']);
  const second = (await http.call('GET', `${members}?limit=2&after=${first.next}`, { as: alice })).body;
  assert.deepEqual([second.members.length, second.next], [1, undefined]);

  const promoted = await http.call('PATCH', `${members}/bob`, { as: admin, body: { role: 'admin' } });
  assert.deepEqual([promoted.status, promoted.body.role], [200, 'admin']);
  assert.equal((await http.call('DELETE', `${members}/bob`, { as: admin })).status, 204);
  assert.equal((await http.call('GET', `${PATH}/crew`, { as: admin })).body.memberCount, 2);
});

test('members may leave, and see the group no more', async () => {
  await http.call('POST', PATH, {
    as: admin,
    body: { id: 'open', name: 'Open', members: [{ userId: 'alice' }] },
  });
  assert.equal((await http.call('DELETE', `${PATH}/open/members/alice`, { as: alice })).status, 204);
  assert.equal((await http.call('GET', `${PATH}/open`, { as: alice })).status, 404);
  assert.equal((await http.call('GET', `${PATH}/open/members`, { as: alice })).status, 404);
});

test('managing takes the role admin or service, also for owners', async () => {
  await http.call('POST', PATH, {
    as: admin,
    body: { id: 'kept', name: 'Kept', members: [{ userId: 'alice', role: 'owner' }, { userId: 'bob' }] },
  });
  const refusals = await Promise.all([
    http.call('POST', PATH, { as: alice, body: { name: 'x' } }),
    http.call('PATCH', `${PATH}/kept`, { as: alice, body: { name: 'x' } }),
    http.call('DELETE', `${PATH}/kept`, { as: alice }),
    http.call('POST', `${PATH}/kept/members`, { as: alice, body: { userId: 'carol' } }),
    http.call('PATCH', `${PATH}/kept/members/bob`, { as: alice, body: { role: 'owner' } }),
    http.call('DELETE', `${PATH}/kept/members/bob`, { as: alice }),
  ]);
  for (const { status, body } of refusals) assert.deepEqual([status, body.code], [403, 'EPERM']);
});

for (const [body, status, code, field] of [
  [{ id: 'x1' }, 400, 'EINVAL', 'name'],
  [{ name: '' }, 400, 'EINVAL', 'name'],
  [{ name: 'x'.repeat(129) }, 413, 'ETOOLONG', 'name'],
  [{ id: 'a b', name: 'x' }, 400, 'EINVAL', 'id'],
  [{ name: 'x', members: [{ userId: 'nobody' }] }, 404, 'ENOENT', 'members'],
  [{ name: 'x', members: [{ user: 'alice' }] }, 400, 'EINVAL', 'members.0.userId'],
  [{ name: 'x', members: [{ userId: 'alice', role: 'king' }] }, 400, 'EINVAL', 'members.0.role'],
  [{ name: 'x', members: 'alice' }, 400, 'EINVAL', 'members'],
  [{ name: 'x', members: Array(6).fill({ userId: 'alice' }) }, 413, 'ETOOLONG', 'members'],
] as const) {
  test(`making ${JSON.stringify(body).slice(0, 60)} is refused: ${code}`, async () => {
    const answer = await http.call('POST', PATH, { as: admin, body });
    assert.deepEqual([answer.status, answer.body.code, answer.body.field], [status, code, field]);
  });
}

test('bad member requests are refused', async () => {
  await http.call('POST', PATH, { as: admin, body: { id: 'strict', name: 'Strict' } });
  const add = (group: string, body: unknown) =>
    http.call('POST', `${PATH}/${group}/members`, { as: admin, body });
  assert.equal((await add('strict', {})).body.code, 'EINVAL');
  assert.equal((await add('strict', { userId: 'alice', members: [] })).body.code, 'EINVAL');
  assert.equal((await add('strict', { userId: 'nobody' })).status, 404);
  assert.equal((await add('none', { userId: 'alice' })).status, 404);
  const role = { role: 'admin' };
  assert.equal(
    (await http.call('PATCH', `${PATH}/strict/members/bob`, { as: admin, body: role })).status,
    404,
  );
  assert.equal((await http.call('DELETE', `${PATH}/strict/members/bob`, { as: admin })).status, 404);
});

test('a taken group id is a conflict', async () => {
  await http.call('POST', PATH, { as: admin, body: { id: 'taken', name: 'x' } });
  const { status, body } = await http.call('POST', PATH, { as: admin, body: { id: 'taken', name: 'y' } });
  assert.deepEqual([status, body.code, body.field], [409, 'ECONFLICT', 'id']);
});
