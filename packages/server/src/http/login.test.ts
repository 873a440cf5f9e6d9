import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type HttpFixture, principal, startHttp } from './http-fixture.ts';

let http: HttpFixture;
before(async () => {
  http = await startHttp({ flags: { trustedProxies: '1', loginTries: '5' } });
  const admin = principal('admin', 'admin');
  await http.core.users.create(admin, {
    id: 'alice',
    username: 'alice',
    nickname: 'Alice',
    password: 'alice',
  });
  await http.core.users.create(admin, { id: 'ghost', username: 'ghost' });
  const other = principal('admin', 'admin', 'ak_demo_chat');
  await http.core.users.create(other, { id: 'user_001', username: 'user_001', password: 'user_001' });
});
after(() => http.stop());

/** A login from an address of its own, so that tests do not throttle each other. */
function login(body: unknown, address: string) {
  return http.call('POST', '/api/v1/login', { body, headers: { 'x-forwarded-for': address } });
}

test('a right password gives a token that works, and the user', async () => {
  const earliest = Date.now() + 86_400_000;
  const { status, body, headers } = await login({ username: 'alice', password: 'alice' }, '10.0.0.1');
  assert.equal(status, 200);
  const { createdAt, ...user } = body.user;
  assert.deepEqual(user, {
    id: 'alice',
    uid: 1,
    username: 'alice',
    nickname: 'Alice',
    avatar: '',
    role: 'user',
    app: 'default',
  });
  assert.ok(body.expiresAt >= earliest && body.expiresAt <= earliest + 60_000);
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal((await http.call('GET', '/api/v1/users/me', { token: body.token })).body.id, 'alice');
});

test('the application is chosen by app', async () => {
  const credentials = { username: 'user_001', password: 'user_001' };
  const { status, body } = await login({ ...credentials, app: 'ak_demo_chat' }, '10.0.0.2');
  assert.deepEqual([status, body.user.app], [200, 'ak_demo_chat']);
  assert.equal((await login(credentials, '10.0.0.2')).status, 401);
});

for (const [what, credentials] of [
  ['a wrong password', { username: 'alice', password: 'Alice' }],
  ['an unknown user', { username: 'nobody', password: 'alice' }],
  ['an unknown application', { username: 'alice', password: 'alice', app: 'nowhere' }],
  ['an application that is no id', { username: 'alice', password: 'alice', app: '../x' }],
  ['a user without a password', { username: 'ghost', password: '' }],
] as const) {
  test(`${what} is 401, always with the same words`, async () => {
    const { status, body } = await login(credentials, '10.0.0.3');
    assert.equal(status, 401);
    assert.deepEqual(body, { code: 'EAUTH', message: 'wrong username or password' });
  });
}

test('after five wrong tries the address waits, others do not', async () => {
  const wrong = { username: 'alice', password: 'x' };
  for (let i = 0; i < 5; i++) assert.equal((await login(wrong, '10.0.0.4')).status, 401);
  const { status, body, headers } = await login({ username: 'alice', password: 'alice' }, '10.0.0.4');
  assert.deepEqual([status, body.code, body.limit], [429, 'ERATE', 5]);
  assert.ok(Number(headers['retry-after']) > 50 && Number(headers['retry-after']) <= 60);
  assert.equal((await login({ username: 'alice', password: 'alice' }, '10.0.0.5')).status, 200);
});

for (const [body, field] of [
  [{ password: 'x' }, 'username'],
  [{ username: 'alice' }, 'password'],
  [{ username: 1, password: 'x' }, 'username'],
  [{ username: 'alice', password: null }, 'password'],
  [{ username: 'alice', password: ['alice'] }, 'password'],
  [{ username: 'alice', password: 'alice', appId: 'x' }, 'appId'],
] as const) {
  test(`${JSON.stringify(body)} is refused for its ${field}`, async () => {
    const { status, body: refusal } = await login(body, '10.0.0.6');
    assert.deepEqual([status, refusal.code, refusal.field], [400, 'EINVAL', field]);
  });
}

test('a password too long to be one costs no hashing', async () => {
  const { status, body } = await login({ username: 'alice', password: 'x'.repeat(300) }, '10.0.0.7');
  assert.deepEqual([status, body.code, body.field, body.limit], [413, 'ETOOLONG', 'password', 256]);
});

test('passwords and tokens are not logged', async () => {
  await login({ username: 'alice', password: 'hush-hush' }, '10.0.0.8');
  const { body } = await login({ username: 'alice', password: 'alice' }, '10.0.0.8');
  await http.call('GET', `/api/v1/users/me?token=${body.token}`, { token: body.token });
  assert.doesNotMatch(http.logged(), /hush-hush/);
  assert.ok(!http.logged().includes(body.token));
});

test('a server that makes no tokens says so', async () => {
  const without = await startHttp({}, { issuer: undefined });
  const { status, body } = await without.call('POST', '/api/v1/login', {
    body: { username: 'a', password: 'a' },
  });
  await without.stop();
  assert.deepEqual([status, body.code], [403, 'EPERM']);
});
