import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type HttpFixture, principal, startHttp } from './http-fixture.ts';

let http: HttpFixture;
before(async () => {
  http = await startHttp({ flags: { trustedProxies: '1' } });
  const admin = principal('admin', 'admin');
  await http.core.users.create(admin, {
    id: 'alice',
    username: 'alice',
    nickname: 'Alice',
    password: 'alice',
  });
  for (const name of ['carl', 'dora']) {
    await http.core.users.create(admin, { id: name, username: name, password: name });
  }
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
    disabled: false,
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

const WRONG = { username: 'alice', password: 'x' };
const RIGHT = { username: 'alice', password: 'alice' };

test('wrong passwords refuse no right one, of the same user or of another, from the same address', async () => {
  for (let i = 0; i < 9; i++) assert.equal((await login(WRONG, '10.0.0.4')).status, 401);
  for (let i = 0; i < 9; i++) await login({ ...WRONG, username: 'nobody' }, '10.0.0.4');
  assert.equal((await login(RIGHT, '10.0.0.4')).status, 200);
  assert.equal((await login({ ...WRONG, username: 'nobody else' }, '10.0.0.4')).status, 401);
});

test('guesses from many addresses end in 429 with the time to wait, but from where the user logs in', async () => {
  const right = { username: 'carl', password: 'carl' };
  const wrong = { ...right, password: 'x' };
  await login(right, '10.1.0.1');
  for (let i = 0; i < 10; i++) await login(wrong, `10.1.1.${i}:${1000 + i}`);
  // Some of these wait until the server stops.
  const late = Array.from({ length: 20 }, (_, i) => login(wrong, `[2001:db8::${i}]:443`));
  for (const answer of late) answer.catch(() => {});
  const { status, body, headers } = await Promise.race(late);
  assert.deepEqual([status, body.code], [429, 'ERATE']);
  assert.ok(Number(headers['retry-after']) >= 1);
  assert.equal((await login(right, '10.1.0.1:5555')).status, 200);
});

test('an unknown username is answered like a known one, also after many tries', async () => {
  const codes = async (username: string) => {
    const outcomes = [];
    for (let i = 0; i < 10; i++)
      outcomes.push((await login({ username, password: 'x' }, `10.2.0.${i}`)).text);
    return outcomes;
  };
  assert.deepEqual(await codes('stranger'), await codes('ghost'));
});

test('a username is found in any case and width', async () => {
  for (const username of ['Alice', ' ALICE ', 'ａｌｉｃｅ']) {
    assert.equal((await login({ ...RIGHT, username }, '10.0.0.9')).status, 200);
  }
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

test('many right logins at once from one address all get in, among wrong ones', async () => {
  const wrong = Array.from({ length: 5 }, () => login({ username: 'dan', password: 'x' }, '10.3.0.1'));
  const right = Array.from({ length: 100 }, () => login({ username: 'dora', password: 'dora' }, '10.3.0.1'));
  assert.deepEqual(
    (await Promise.all(right)).map(({ status }) => status),
    Array(100).fill(200),
  );
  await Promise.all(wrong);
});

test("one user's many changes of its password are refused in time, and others log in meanwhile", async () => {
  const me = principal('ghost');
  const changes = Array.from({ length: 200 }, () =>
    http.call('PATCH', '/api/v1/users/me', { as: me, body: { password: 'another one' } }),
  );
  assert.equal((await login(RIGHT, '10.4.0.1')).status, 200);
  const answers = await Promise.all(changes);
  const refused = answers.filter(({ status }) => status === 429);
  const changed = answers.filter(({ status }) => status === 200);
  // The first change takes the tokens of the others back, so that some are refused for that.
  assert.ok(refused.length >= 1 && changed.length >= 1 && changed.length <= 5);
  assert.deepEqual([refused[0]?.body.code, refused[0]?.body.field], ['ERATE', 'password']);
  assert.ok(Number(refused[0]?.headers['retry-after']) >= 1);
});

test('no more is read of a login than a name and a password need', async () => {
  const { status, body } = await login({ ...RIGHT, password: 'x'.repeat(10_000) }, '10.5.0.1');
  assert.deepEqual([status, body.code], [413, 'ETOOLONG']);
});

test('who gets the id of a deleted user is known from its own logins only', async () => {
  const admin = principal('admin', 'admin');
  const { users } = http.core;
  const user = { id: 'eve', username: 'eve', password: 'eve' };
  const from = '10.9.0.1';
  await users.create(admin, user);
  assert.equal((await login({ username: 'eve', password: 'eve' }, from)).status, 200);
  const former = await users.accountOf('default', 'eve');
  await users.delete(admin, 'eve');
  await users.create(admin, user);
  const account = await users.accountOf('default', 'eve');
  assert.notDeepEqual(account, former);
  assert.equal(await users.hasLoggedIn(account, from), false);
  assert.equal((await login({ username: 'eve', password: 'eve' }, from)).status, 200);
  assert.equal(await users.hasLoggedIn(account, from), true);
});
