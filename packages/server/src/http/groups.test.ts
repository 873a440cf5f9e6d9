import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type HttpFixture, principal, startHttp } from './http-fixture.ts';

const PATH = '/api/v1/groups';
const admin = principal('admin', 'admin');
const alice = principal('alice');

let http: HttpFixture;
before(async () => {
  http = await startHttp({ flags: { maxGroupMembers: '5' } });
  for (const id of ['admin', 'alice', 'bob', 'carol', 'olga', 'adam', 'anna', 'mike'])
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
    history: 'all',
    memberCount: 2,
    lastSeq: 0,
  });

  assert.deepEqual((await http.call('GET', `${PATH}/team`, { as: alice })).body, made.body);
  assert.deepEqual(ids((await http.call('GET', PATH, { as: alice })).body.groups), ['team']);
  assert.deepEqual((await http.call('GET', PATH, { as: principal('carol') })).body, { groups: [] });

  const changed = await http.call('PATCH', `${PATH}/team`, { as: admin, body: { name: '团队' } });
  assert.deepEqual([changed.status, changed.body.name, changed.body.history], [200, '团队', 'all']);
  const hidden = await http.call('PATCH', `${PATH}/team`, { as: admin, body: { history: 'since_join' } });
  assert.deepEqual([hidden.status, hidden.body.name, hidden.body.history], [200, '团队', 'since_join']);
  const wrong = await http.call('PATCH', `${PATH}/team`, { as: admin, body: { history: 'some' } });
  assert.deepEqual([wrong.status, wrong.body.field], [400, 'history']);

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

/** A group with an owner, two admins and a member. */
async function makeCrew(id: string): Promise<string> {
  const roles = { olga: 'owner', adam: 'admin', anna: 'admin', mike: 'member' };
  const members = Object.entries(roles).map(([userId, role]) => ({ userId, role }));
  const { status } = await http.call('POST', PATH, { as: admin, body: { id, name: id, members } });
  assert.equal(status, 201);
  return `${PATH}/${id}`;
}

/** The roles of a group's members, in the order of their ids. */
async function rolesOf(group: string): Promise<Record<string, string>> {
  const { body } = await http.call('GET', `${group}/members`, { as: admin });
  const members = body.members as { userId: string; role: string }[];
  return Object.fromEntries(members.map(({ userId, role }) => [userId, role]));
}

const [olga, adam, mike] = [principal('olga'), principal('adam'), principal('mike')];

test('an owner renames, adds, promotes, removes, hands over and dissolves with its own token', async () => {
  const group = await makeCrew('owned');
  const did = async (method: string, path: string, body?: unknown) =>
    (await http.call(method, `${group}${path}`, { as: olga, ...(body ? { body } : {}) })).status;
  assert.equal(await did('PATCH', '', { name: 'New', avatar: 'https://example.com/a.png' }), 200);
  assert.equal(await did('POST', '/members', { userId: 'carol', role: 'admin' }), 204);
  assert.equal(await did('PATCH', '/members/mike', { role: 'admin' }), 200);
  assert.equal(await did('PATCH', '/members/adam', { role: 'member' }), 200);
  assert.equal(await did('DELETE', '/members/anna'), 204);
  assert.equal(await did('PUT', '/owner', { userId: 'mike' }), 204);
  assert.deepEqual(await rolesOf(group), { adam: 'member', carol: 'admin', mike: 'owner', olga: 'admin' });
  assert.equal(await did('DELETE', ''), 403, 'no owner any more');
  assert.equal((await http.call('DELETE', group, { as: mike })).status, 204);
  assert.equal((await http.call('GET', group, { as: admin })).status, 404);
});

test('an admin renames, adds and removes members, and nothing above it', async () => {
  const group = await makeCrew('administered');
  const call = (method: string, path: string, body?: unknown) =>
    http.call(method, `${group}${path}`, { as: adam, ...(body ? { body } : {}) });
  assert.equal((await call('PATCH', '', { name: 'New' })).status, 200);
  assert.equal((await call('POST', '/members', { userId: 'carol' })).status, 204);
  assert.equal((await call('DELETE', '/members/carol')).status, 204);
  const refusals = [
    await call('POST', '/members', { userId: 'carol', role: 'admin' }),
    await call('DELETE', '/members/anna'),
    await call('DELETE', '/members/olga'),
    await call('PATCH', '/members/mike', { role: 'admin' }),
    await call('PATCH', '/members/adam', { role: 'owner' }),
    await call('PUT', '/owner', { userId: 'adam' }),
    await call('DELETE', ''),
    await call('DELETE', '/members/adam?successor=mike'),
  ];
  for (const { status, body } of refusals) assert.deepEqual([status, body.code], [403, 'EPERM']);
  assert.equal((await call('PATCH', '/members/adam', { role: 'member' })).status, 200, 'it may step down');
});

test('a member changes nothing, and to one who is none the group is not there', async () => {
  const group = await makeCrew('quiet');
  for (const [as, status, code] of [
    [mike, 403, 'EPERM'],
    [principal('carol'), 404, 'ENOENT'],
  ] as const) {
    const answers = await Promise.all([
      http.call('PATCH', group, { as, body: { name: 'x' } }),
      http.call('DELETE', group, { as }),
      http.call('POST', `${group}/members`, { as, body: { userId: 'bob' } }),
      http.call('PATCH', `${group}/members/anna`, { as, body: { role: 'member' } }),
      http.call('DELETE', `${group}/members/anna`, { as }),
      http.call('PUT', `${group}/owner`, { as, body: { userId: 'anna' } }),
    ]);
    for (const { status: got, body } of answers) assert.deepEqual([got, body.code], [status, code]);
  }
  const made = await http.call('POST', PATH, { as: mike, body: { name: 'x' } });
  assert.deepEqual([made.status, made.body.code], [403, 'EPERM']);
});

test('the last owner who leaves is followed by whom it names, else by the longest-standing admin', async () => {
  const group = await makeCrew('followed');
  const leave = (who: string, query = '') =>
    http.call('DELETE', `${group}/members/${who}${query}`, { as: principal(who) });
  const stays = await http.call('PATCH', `${group}/members/olga`, { as: olga, body: { role: 'admin' } });
  assert.deepEqual([stays.status, stays.body.code, stays.body.field], [409, 'ECONFLICT', 'role']);
  assert.deepEqual((await leave('olga', '?successor=carol')).body.field, 'successorId');
  assert.equal((await leave('olga', '?successor=mike')).status, 204);
  assert.deepEqual(await rolesOf(group), { adam: 'admin', anna: 'admin', mike: 'owner' });
  assert.equal((await leave('mike')).status, 204);
  assert.deepEqual(await rolesOf(group), { adam: 'owner', anna: 'admin' });
  assert.equal(
    (await http.call('DELETE', `${PATH.replace('groups', 'users')}/adam`, { as: admin })).status,
    204,
  );
  assert.deepEqual(await rolesOf(group), { anna: 'owner' }, 'a deleted user is followed too');
  assert.equal((await leave('anna')).status, 204);
  assert.deepEqual(await rolesOf(group), {}, 'an empty group stays for managers');
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
