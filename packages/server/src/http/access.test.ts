import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type HttpFixture, principal, startHttp } from './http-fixture.ts';

const PATH = '/api/v1/users';
const admin = principal('admin', 'admin');
const PASSWORD = 'a first password';

let http: HttpFixture;
let people = 0;

before(async () => {
  http = await startHttp({ flags: { minPasswordLength: '8' } });
});
after(() => http.stop());

async function newUser(role: 'user' | 'admin' = 'user'): Promise<string> {
  const id = `user-${people++}`;
  await http.core.users.create(admin, { id, username: id, role, password: PASSWORD });
  return id;
}

const login = (username: string, password = PASSWORD) =>
  http.call('POST', '/api/v1/login', { body: { username, password } });
const change = (id: string, token: string, body: object) =>
  http.call('PATCH', `${PATH}/${id}`, { token, body });
const me = async (token: string) => (await http.call('GET', `${PATH}/me`, { token })).status;

test('a password has at least so many characters as is set', async () => {
  const short = { code: 'EINVAL', field: 'password' };
  const made = await http.call('POST', PATH, {
    as: admin,
    body: { username: 'shorty', password: '1234567' },
  });
  assert.deepEqual([made.status, { code: made.body.code, field: made.body.field }], [400, short]);
  assert.match(made.body.message, /at least 8/);
  const id = await newUser();
  const { token } = (await login(id)).body;
  const { body } = await change(id, token, { password: '密码密码密码密', oldPassword: PASSWORD });
  assert.deepEqual({ code: body.code, field: body.field }, short);
});

test('changing the own password takes the old one, and takes back all tokens but the one it answers with', async () => {
  const id = await newUser();
  const { token } = (await login(id)).body;
  const other = (await login(id)).body.token;
  const password = 'a second password';
  const missing = await change(id, token, { password });
  assert.deepEqual([missing.status, missing.body.code, missing.body.field], [400, 'EINVAL', 'oldPassword']);
  const wrong = await change('me', token, { password, oldPassword: 'a wrong password' });
  assert.deepEqual([wrong.status, wrong.body.code, wrong.body.field], [403, 'EPERM', 'oldPassword']);
  assert.deepEqual([await me(token), await me(other)], [200, 200]);
  const { status, body } = await change('me', token, { password, oldPassword: PASSWORD });
  assert.deepEqual(
    [status, body.id, typeof body.expiresAt, typeof body.roomKey],
    [200, id, 'number', 'string'],
  );
  assert.deepEqual([await me(token), await me(other), await me(body.token)], [401, 401, 200]);
  assert.equal((await login(id)).status, 401);
  assert.equal(await me((await login(id, password)).body.token), 200);
});

test('of changes of a password at once that know the same old one, one is made', async () => {
  const id = await newUser();
  const { token } = (await login(id)).body;
  const tries = ['a second password', 'a third password', 'a fourth password'].map((password) =>
    change(id, token, { password, oldPassword: PASSWORD }),
  );
  const answers = await Promise.all(tries);
  const made = answers.filter(({ status }) => status === 200);
  assert.equal(made.length, 1);
  for (const { status } of answers) assert.ok([200, 401, 403].includes(status), `${status}`);
  assert.equal(await me(made[0]?.body.token), 200);
});

test('who has no password yet sets one without an old one', async () => {
  const as = principal(`user-${people++}`);
  const { status, body } = await http.call('PATCH', `${PATH}/me`, { as, body: { password: PASSWORD } });
  assert.deepEqual([status, await me(body.token)], [200, 200]);
});

test('a manager sets the password of another without the old one, which ends what that user had', async () => {
  const id = await newUser();
  const { token } = (await login(id)).body;
  const answer = await http.call('PATCH', `${PATH}/${id}`, {
    as: admin,
    body: { password: 'given by admin' },
  });
  assert.deepEqual([answer.status, answer.body.token], [200, undefined]);
  assert.equal(await me(token), 401);
  assert.equal((await login(id, 'given by admin')).status, 200);
});

test('a disabled user can neither log in nor use any token, until it is enabled', async () => {
  const id = await newUser();
  const { token } = (await login(id)).body;
  const foreign = (await http.issuer.issue(principal(id), 60_000)).token;
  const set = (disabled: boolean) => http.call('PATCH', `${PATH}/${id}`, { as: admin, body: { disabled } });
  assert.deepEqual((await set(true)).body.disabled, true);
  const refused = await login(id);
  assert.deepEqual([refused.status, refused.body.message], [401, 'the user is disabled']);
  assert.equal((await login(id, 'a wrong password')).body.message, 'wrong username or password');
  assert.deepEqual([await me(token), await me(foreign)], [401, 401]);
  assert.deepEqual((await set(false)).body.disabled, false);
  assert.deepEqual([await me(token), (await login(id)).status], [200, 200]);
  const self = await change(id, token, { disabled: true });
  assert.deepEqual([self.status, self.body.code], [403, 'EPERM']);
});

test('a manager ends the sessions of a user, and the tokens issued until then', async () => {
  const id = await newUser();
  const { token } = (await login(id)).body;
  const end = (as: typeof admin, body?: object) =>
    http.call('POST', `${PATH}/${id}/sessions/end`, { as, ...(body ? { body } : {}) });
  assert.equal((await end(principal('mallory'))).status, 403);
  assert.equal((await http.call('POST', `${PATH}/nobody/sessions/end`, { as: admin })).status, 404);
  assert.equal(await me(token), 200);
  assert.equal((await end(admin, { reason: 'a lost phone' })).status, 204);
  assert.equal(await me(token), 401);
  assert.equal(await me((await login(id)).body.token), 200);
  assert.equal((await end(admin)).status, 204);
});

test('what managers do to the access of a user is in the audit, and nothing that a user does to itself', async () => {
  const id = await newUser();
  const { token } = (await login(id)).body;
  await change(id, token, { password: 'a second password', oldPassword: PASSWORD });
  const patch = (body: object) => http.call('PATCH', `${PATH}/${id}`, { as: admin, body });
  await patch({ nickname: 'not audited' });
  await patch({ role: 'agent' });
  await patch({ disabled: true });
  await patch({ password: 'a third password' });
  await http.call('POST', `${PATH}/${id}/sessions/end`, { as: admin, body: { reason: 'a lost phone' } });
  const { status, body } = await http.call('GET', '/api/v1/admin/audit?limit=100', { as: admin });
  assert.equal(status, 200);
  const entries = body.entries.filter(({ userId }: { userId: string }) => userId === id);
  const access = (role: string, disabled: boolean) => ({ role, disabled });
  assert.deepEqual(
    entries.map(({ id: _id, changedAt: _at, userId: _userId, ...entry }: Record<string, unknown>) => entry),
    [
      ['a lost phone', access('agent', true), access('agent', true), true, false],
      ['', access('agent', true), access('agent', true), true, true],
      ['', access('agent', false), access('agent', true), false, false],
      ['', access('user', false), access('agent', false), false, false],
    ].map(([reason, oldAccess, newAccess, sessionsEnded, passwordChanged]) => ({
      changedBy: 'admin',
      reason,
      oldAccess,
      newAccess,
      sessionsEnded,
      passwordChanged,
    })),
  );
});

test('a token of login has the role that the record has now, a token made elsewhere its own', async () => {
  const id = await newUser('admin');
  const { token } = (await login(id)).body;
  const foreign = (await http.issuer.issue(principal(id, 'admin'), 60_000)).token;
  const list = async (by: string) => (await http.call('GET', PATH, { token: by })).status;
  assert.deepEqual([await list(token), await list(foreign)], [200, 200]);
  await http.call('PATCH', `${PATH}/${id}`, { as: admin, body: { role: 'user' } });
  assert.deepEqual([await list(token), await list(foreign)], [403, 200]);
  await http.call('PATCH', `${PATH}/${id}`, { as: admin, body: { role: 'admin' } });
  assert.equal(await list(token), 200);
});

test('where the record decides, it does for tokens made elsewhere too, but a service needs none', async () => {
  const strict = await startHttp({ flags: { roleAuthority: 'record' } });
  const list = async (as: typeof admin) => (await strict.call('GET', PATH, { as })).status;
  const service = principal('backend', 'service');
  await strict.core.users.create(service, { id: 'plain', username: 'plain' });
  await strict.core.users.create(service, { id: 'boss', username: 'boss', role: 'admin' });
  const statuses = [
    principal('plain', 'admin'),
    principal('plain', 'service'),
    principal('boss'),
    service,
  ].map(list);
  const found = await Promise.all(statuses);
  await strict.stop();
  assert.deepEqual(found, [403, 403, 200, 200]);
});

test('tokens of two users are refused, in whatever places of a request they are', async () => {
  const [alice, bob] = await Promise.all(
    ['alice', 'bob'].map(async (id) => (await http.issuer.issue(principal(id), 60_000)).token),
  );
  const headers = { authorization: [`Bearer ${alice}`, `Bearer ${bob}`] as unknown as string };
  const twice = await http.call('GET', `${PATH}/me`, { headers });
  assert.deepEqual([twice.status, twice.body.message], [401, 'the tokens are of different users']);
  const beside = await http.call('GET', `${PATH}/me?token=${bob}`, { token: alice as string });
  assert.deepEqual([beside.status, beside.body.message], [401, 'the tokens are of different users']);
  const queries = await http.call('GET', `/files/none?token=${alice}&token=${bob}`);
  assert.deepEqual([queries.status, queries.body.message], [401, 'the tokens are of different users']);
  assert.equal((await http.call('GET', `${PATH}/me?token=${alice}`, { token: alice as string })).status, 200);
});
