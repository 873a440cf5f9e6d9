import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type HttpFixture, principal, startHttp } from './http-fixture.ts';

const PATH = '/api/v1/users';
const admin = principal('admin', 'admin');
const alice = principal('alice');

let http: HttpFixture;
before(async () => {
  http = await startHttp();
  for (const id of ['admin', 'alice', 'bob']) {
    await http.core.users.create(admin, { id, username: id, role: id === 'admin' ? 'admin' : 'user' });
  }
});
after(() => http.stop());

test('a user is made, looked up, changed and deleted', async () => {
  const body = { id: 'dave', username: 'dave', nickname: 'Dave', role: 'agent', password: 'dave' };
  const made = await http.call('POST', PATH, { as: admin, body });
  assert.equal(made.status, 201);
  assert.deepEqual([made.body.id, made.body.role, made.body.app], ['dave', 'agent', 'default']);
  assert.equal('passwordHash' in made.body, false);

  const found = await http.call('GET', `${PATH}/dave`, { as: alice });
  assert.deepEqual([found.status, found.body], [200, made.body]);

  const changed = await http.call('PATCH', `${PATH}/dave`, {
    as: admin,
    body: { nickname: 'D.', role: 'user' },
  });
  assert.deepEqual([changed.status, changed.body], [200, { ...made.body, nickname: 'D.', role: 'user' }]);

  const gone = await http.call('DELETE', `${PATH}/dave`, { as: admin });
  assert.deepEqual([gone.status, gone.text], [204, '']);
  assert.equal((await http.call('GET', `${PATH}/dave`, { as: alice })).status, 404);
});

for (const id of ['.', '..', 'me']) {
  test(`no user, group or room has the id ${id}, which its path could not name`, async () => {
    const refused = async (path: string, body: object) => {
      const { status, body: refusal } = await http.call('POST', `/api/v1/${path}`, { as: admin, body });
      assert.deepEqual([status, refusal.code], [400, 'EINVAL'], path);
    };
    await refused('users', { id, username: 'somebody' });
    await refused('groups', { id, name: 'Somewhere' });
    await refused('rooms', { number: id, name: 'Somewhere' });
    assert.equal((await http.call('GET', `${PATH}/me`, { as: principal(id) })).status, 401);
  });
}

test("a user's picture, name and nickname are what others may be shown", async () => {
  const patch = async (body: object) => (await http.call('PATCH', `${PATH}/bob`, { as: admin, body })).body;
  for (const avatar of [
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    '//evil.example/x',
  ]) {
    assert.deepEqual([(await patch({ avatar })).code, (await patch({ avatar })).field], ['EINVAL', 'avatar']);
  }
  for (const nickname of ['a\0', 'a\nb', '  ', 'a\u202eb']) {
    assert.deepEqual(
      [(await patch({ nickname })).code, (await patch({ username: nickname })).code],
      ['EINVAL', 'EINVAL'],
    );
  }
  const { avatar, nickname } = await patch({ avatar: '/pictures/x.png', nickname: ' Ｂob 👩‍👧 ' });
  assert.deepEqual([avatar, nickname], ['/pictures/x.png', 'Bob 👩‍👧']);
});

test('a username that looks like another is taken', async () => {
  for (const username of ['Alice', ' alice ', 'ａｌｉｃｅ', 'ALICE']) {
    const { status, body } = await http.call('POST', PATH, { as: admin, body: { username } });
    assert.deepEqual([status, body.code, body.field], [409, 'ECONFLICT', 'username']);
  }
  const { body } = await http.call('PATCH', `${PATH}/bob`, { as: admin, body: { username: 'ALICE' } });
  assert.equal(body.code, 'ECONFLICT');
});

test('a token of an unknown user makes it, whatever others are called', async () => {
  await http.call('PATCH', `${PATH}/bob`, { as: admin, body: { username: 'newcomer' } });
  const own = async (id: string, name: string) =>
    (await http.call('GET', `${PATH}/me`, { as: { ...principal(id), name } })).body;
  assert.equal((await own('Newcomer', 'x')).username, 'Newcomer');
  const { username, nickname } = await own('newcomer', ' \u202e\n');
  assert.match(username, /^newcomer~/);
  assert.equal(nickname, 'newcomer');
  for (const id of ['Newcomer', 'newcomer']) await http.call('DELETE', `${PATH}/${id}`, { as: admin });
  await http.call('PATCH', `${PATH}/bob`, {
    as: admin,
    body: { username: 'bob', nickname: 'bob', avatar: '' },
  });
});

test('an id is made where none is given', async () => {
  const { body } = await http.call('POST', PATH, { as: admin, body: { username: 'nameless' } });
  assert.match(body.id, /^[\w-]{36}$/);
  assert.equal((await http.call('DELETE', `${PATH}/${body.id}`, { as: admin })).status, 204);
});

test('a service needs no user of its own to manage', async () => {
  const service = principal('backend', 'service');
  const made = await http.call('POST', PATH, { as: service, body: { id: 'erin', username: 'erin' } });
  assert.equal(made.status, 201);
  assert.equal((await http.call('GET', `${PATH}/backend`, { as: service })).status, 404);
  await http.call('DELETE', `${PATH}/erin`, { as: service });
});

test('the list comes by id, in pages', async () => {
  const first = await http.call('GET', `${PATH}?limit=2`, { as: admin });
  assert.deepEqual(
    [first.body.users.map(({ id }: { id: string }) => id), first.body.next],
    [['admin', 'alice'], 'alice'],
  );
  const second = await http.call('GET', `${PATH}?limit=2&after=alice`, { as: admin });
  assert.deepEqual(
    [second.body.users.map(({ id }: { id: string }) => id), second.body.next],
    [['bob'], undefined],
  );
});

test('users change their own nickname, avatar and password, and nothing else of anybody', async () => {
  const change = (path: string, body: unknown) => http.call('PATCH', `${PATH}/${path}`, { as: alice, body });
  assert.equal((await change('alice', { nickname: '爱丽丝', password: 'new' })).body.nickname, '爱丽丝');
  assert.equal(
    (await http.call('POST', '/api/v1/login', { body: { username: 'alice', password: 'new' } })).status,
    200,
  );
  assert.equal((await change('alice', { role: 'admin' })).status, 403);
  assert.equal((await change('alice', { username: 'root' })).status, 403);
  assert.equal((await change('bob', { nickname: 'x' })).status, 403);
});

test('managing takes the role admin or service', async () => {
  for (const as of [alice, principal('agent1', 'agent')]) {
    const refusals = await Promise.all([
      http.call('POST', PATH, { as, body: { username: 'x' } }),
      http.call('GET', PATH, { as }),
      http.call('DELETE', `${PATH}/bob`, { as }),
    ]);
    for (const { status, body } of refusals) assert.deepEqual([status, body.code], [403, 'EPERM']);
  }
});

test('one tenant does not see or manage the users of another', async () => {
  const stranger = principal('admin', 'admin', 'elsewhere');
  assert.equal((await http.call('GET', `${PATH}/alice`, { as: stranger })).status, 404);
  assert.equal((await http.call('DELETE', `${PATH}/alice`, { as: stranger })).status, 404);
  const { body } = await http.call('GET', PATH, { as: stranger });
  assert.deepEqual(
    body.users.map(({ app }: { app: string }) => app),
    ['elsewhere'],
  );
});

for (const [body, status, code, field] of [
  [{ id: 'alice', username: 'alice2' }, 409, 'ECONFLICT', 'id'],
  [{ username: 'alice' }, 409, 'ECONFLICT', 'username'],
  [{ id: 'a/b', username: 'x' }, 400, 'EINVAL', 'id'],
  [{ id: '', username: 'x' }, 400, 'EINVAL', 'id'],
  [{ id: 'single:a:b', username: 'x' }, 400, 'EINVAL', 'id'],
  [{ id: 5, username: 'x' }, 400, 'EINVAL', 'id'],
  [{ id: 'x' }, 400, 'EINVAL', 'username'],
  [{ username: '' }, 400, 'EINVAL', 'username'],
  [{ username: 'x'.repeat(65) }, 413, 'ETOOLONG', 'username'],
  [{ username: 'x', role: 'root' }, 400, 'EINVAL', 'role'],
  [{ username: 'x', uid: 0 }, 400, 'EINVAL', 'uid'],
  [{ username: 'x', uid: 1.5 }, 400, 'EINVAL', 'uid'],
  [{ username: 'x', uid: '7' }, 400, 'EINVAL', 'uid'],
  [{ username: 'x', password: '' }, 400, 'EINVAL', 'password'],
  [{ username: 'x', nick: 'y' }, 400, 'EINVAL', 'nick'],
  [['x'], 400, 'EINVAL', undefined],
  ['"x"', 400, 'EINVAL', undefined],
] as const) {
  test(`making ${JSON.stringify(body).slice(0, 50)} is refused: ${code}`, async () => {
    const answer = await http.call('POST', PATH, { as: admin, body });
    assert.deepEqual([answer.status, answer.body.code, answer.body.field], [status, code, field]);
    assert.equal(typeof answer.body.message, 'string');
  });
}

for (const [query, field] of [
  ['limit=0', 'limit'],
  ['limit=201', 'limit'],
  ['limit=ten', 'limit'],
  ['limit=1&limit=2', 'limit'],
  ['limit=', 'limit'],
  ['page=2', 'page'],
] as const) {
  test(`a list with ${query} is refused`, async () => {
    const { status, body } = await http.call('GET', `${PATH}?${query}`, { as: admin });
    assert.deepEqual([status, body.code, body.field], [400, 'EINVAL', field]);
  });
}

test('changing nothing, or nobody, is refused', async () => {
  assert.equal((await http.call('PATCH', `${PATH}/bob`, { as: admin, body: {} })).body.code, 'EINVAL');
  assert.equal((await http.call('PATCH', `${PATH}/bob`, { as: admin })).body.code, 'EINVAL');
  assert.equal(
    (await http.call('PATCH', `${PATH}/none`, { as: admin, body: { nickname: 'x' } })).status,
    404,
  );
  assert.equal((await http.call('DELETE', `${PATH}/none`, { as: admin })).status, 404);
});
