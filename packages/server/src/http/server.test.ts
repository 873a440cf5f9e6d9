import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { type HttpFixture, principal, startHttp } from './http-fixture.ts';

const admin = principal('admin', 'admin');

let http: HttpFixture;
let ready = true;
before(async () => {
  http = await startHttp(
    { flags: { maxBodyBytes: '2048', allowedOrigins: 'https://chat.example.org' } },
    {
      readiness: async () => {
        if (!ready) throw new Error('the disk is on fire');
      },
    },
  );
});
after(() => http.stop());

const PROTECTED = [
  ['GET', '/api/v1/users'],
  ['POST', '/api/v1/users'],
  ['GET', '/api/v1/users/alice'],
  ['PATCH', '/api/v1/users/alice'],
  ['DELETE', '/api/v1/users/alice'],
  ['GET', '/api/v1/groups'],
  ['POST', '/api/v1/groups'],
  ['GET', '/api/v1/groups/demo/members'],
  ['POST', '/api/v1/groups/demo/members'],
  ['GET', '/api/v1/conversations/demo/messages'],
  ['GET', '/api/v1/nowhere'],
] as const;

for (const [method, path] of PROTECTED) {
  test(`${method} ${path} wants a token before it looks at anything else`, async () => {
    const { status, body, headers } = await http.call(
      method,
      path,
      method === 'POST' ? { body: '{bad' } : {},
    );
    assert.deepEqual([status, body.code, headers['www-authenticate']], [401, 'EAUTH', 'Bearer']);
  });
}

for (const [what, token] of [
  ['nonsense', 'nonsense'],
  [
    'unsigned',
    'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsImFwcCI6ImRlZmF1bHQiLCJyb2xlIjoiYWRtaW4iLCJleHAiOjQxMDI0NDQ4MDB9.',
  ],
] as const) {
  test(`a token that is ${what} is refused`, async () => {
    assert.equal((await http.call('GET', '/api/v1/users', { token })).status, 401);
  });
}

test('an expired token, another scheme, and a token in the query are refused', async () => {
  const { token } = await http.issuer.issue(admin, -1000);
  const expired = await http.call('GET', '/api/v1/users', { token });
  assert.deepEqual([expired.status, expired.body.message], [401, 'the token has expired']);
  const basic = await http.call('GET', '/api/v1/users', { headers: { authorization: 'Basic YTpi' } });
  assert.equal(basic.status, 401);
  const fresh = (await http.issuer.issue(admin, 60_000)).token;
  assert.equal((await http.call('GET', `/api/v1/users?token=${fresh}`)).status, 401);
});

test('the token of a deleted user is refused', async () => {
  const { token } = await http.issuer.issue(principal('mallory'), 60_000);
  assert.equal((await http.call('GET', '/api/v1/users/me', { token })).status, 200);
  await http.core.users.delete(admin, 'mallory');
  assert.equal((await http.call('GET', '/api/v1/users/me', { token })).status, 401);
});

test('without auto-provisioning the token of an unknown user is refused', async () => {
  const strict = await startHttp({ flags: { autoProvision: 'false' } });
  const unknown = await strict.call('GET', '/api/v1/users/me', { as: principal('newcomer') });
  await strict.core.users.create(admin, { id: 'newcomer', username: 'newcomer' });
  const known = await strict.call('GET', '/api/v1/users/me', { as: principal('newcomer') });
  await strict.stop();
  assert.deepEqual([unknown.status, unknown.body.code, known.status], [401, 'EAUTH', 200]);
});

for (const [what, body] of [
  ['a broken body', '{"username":'],
  ['__proto__', '{"username":"x","__proto__":{"role":"admin"}}'],
  ['a deep __proto__', '{"username":"x","a":{"__proto__":{}}}'],
  ['constructor.prototype', '{"username":"x","constructor":{"prototype":{"role":"admin"}}}'],
  ['a NUL', '{"username":"\u0000'],
] as const) {
  test(`${what} in JSON is refused`, async () => {
    const answer = await http.call('POST', '/api/v1/users', { as: admin, body });
    assert.deepEqual([answer.status, answer.body.code], [400, 'EINVAL']);
  });
}

test('bodies that are too large or no JSON are refused', async () => {
  const body = JSON.stringify({ username: 'x'.repeat(3000) });
  const large = await http.call('POST', '/api/v1/users', { as: admin, body });
  assert.deepEqual([large.status, large.body.code], [413, 'ETOOLONG']);
  for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x']) {
    const headers = { 'content-type': type };
    const other = await http.call('POST', '/api/v1/users', { as: admin, body: 'username=x', headers });
    assert.deepEqual([other.status, other.body.code], [415, 'EINVAL'], type);
  }
});

test('an empty body with the JSON type does not disturb a DELETE', async () => {
  await http.core.users.create(admin, { id: 'gone', username: 'gone' });
  const { status } = await http.call('DELETE', '/api/v1/users/gone', { as: admin, body: '' });
  assert.equal(status, 204);
});

for (const path of [
  '/nowhere',
  '/api',
  '/api/v2/users',
  '/..%2f..%2fetc/passwd',
  '/docs/static/..%2f..%2fpackage.json',
]) {
  test(`${path} is 404 in the form of every refusal`, async () => {
    const { status, body } = await http.call('GET', path);
    assert.deepEqual([status, body.code], [404, 'ENOENT']);
  });
}

test('a path that is no URL is refused in the form of every refusal', async () => {
  const { status, body } = await http.call('GET', '/%zz');
  assert.deepEqual([status, body], [400, { code: 'EINVAL', message: 'the path is not a valid URL' }]);
});

test('a failure of the server is logged, and told without its cause', async () => {
  const broken = await startHttp({}, { readiness: () => Promise.reject(new Error('secret detail')) });
  await broken.closeStore();
  const users = await broken.call('GET', '/api/v1/users', { as: admin });
  const readyz = await broken.call('GET', '/readyz');
  assert.deepEqual([users.status, users.body.code], [503, 'EINTERNAL']);
  assert.deepEqual(
    [readyz.status, readyz.body],
    [503, { code: 'EINTERNAL', message: 'the server is not ready' }],
  );
  assert.doesNotMatch(users.text + readyz.text, /secret detail|\bat .*\.ts/);
  assert.match(broken.logged(), /secret detail/);
  await broken.stop();
});

test('health tells alive, readiness tells able, and recovers', async () => {
  assert.deepEqual((await http.call('GET', '/healthz')).body, { status: 'ok' });
  assert.deepEqual((await http.call('GET', '/readyz')).body, { status: 'ready' });
  ready = false;
  assert.equal((await http.call('GET', '/readyz')).status, 503);
  assert.equal((await http.call('GET', '/healthz')).status, 200);
  ready = true;
  assert.equal((await http.call('GET', '/readyz')).status, 200);
});

test('metrics come in the text format and count refusals', async () => {
  await http.call('GET', '/api/v1/users');
  const { status, text, headers } = await http.call('GET', '/metrics');
  assert.equal(status, 200);
  assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
  assert.match(text, /^haina_refusals_total\{dialect="http",code="EAUTH"\} [1-9]/m);
});

test('metrics can be turned off', async () => {
  const closed = await startHttp({ flags: { metrics: 'off' } });
  const { status } = await closed.call('GET', '/metrics');
  await closed.stop();
  assert.equal(status, 404);
});

test('the AsyncAPI document is served to everybody', async () => {
  const response = await fetch(`${http.url}/asyncapi.json`);
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.deepEqual(await response.json(), { asyncapi: '3.1.0' });
});

test('the home page names server and endpoints, as HTML for browsers and JSON for programs', async () => {
  const json = (await http.call('GET', '/')).body;
  assert.deepEqual(
    [json.name, json.version, json.links[0]],
    ['haina', '0.0.0-test', { path: '/ws/im', summary: 'STOMP <xuqm>' }],
  );
  const page = await http.call('GET', '/', { headers: { accept: 'text/html,*/*' } });
  assert.match(String(page.headers['content-type']), /^text\/html/);
  assert.match(page.text, /<code>\/ws\/im<\/code><\/td><td>STOMP &#60;xuqm&#62;/);
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'; style-src 'sha256-/);
});

test('every reply forbids sniffing, framing and caching', async () => {
  for (const path of ['/', '/healthz', '/api/v1/users', '/nowhere']) {
    const { headers } = await http.call('GET', path);
    assert.equal(headers['x-content-type-options'], 'nosniff', path);
    assert.equal(headers['x-frame-options'], 'DENY', path);
    assert.equal(headers['cache-control'], 'no-store', path);
    assert.equal(headers['x-powered-by'], undefined);
  }
});

test('pages of allowed origins may use the API, others may not', async () => {
  const preflight = (origin: string) =>
    http.call('OPTIONS', '/api/v1/login', { headers: { origin, 'access-control-request-method': 'POST' } });
  const allowed = await preflight('https://chat.example.org');
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers['access-control-allow-origin'], 'https://chat.example.org');
  assert.match(String(allowed.headers['access-control-allow-headers']), /authorization/);
  const simple = await http.call('GET', '/healthz', { headers: { origin: 'https://chat.example.org' } });
  assert.equal(simple.headers['access-control-allow-origin'], 'https://chat.example.org');
  for (const origin of ['https://evil.example.org', 'null', 'https://chat.example.org.evil.test']) {
    const refused = await preflight(origin);
    assert.equal(refused.headers['access-control-allow-origin'], undefined, origin);
    assert.equal(refused.status, 403);
  }
});

test('a method that a path does not have is 405, with those that it has', async () => {
  for (const [method, path, allow] of [
    ['PUT', '/api/v1/login', ['POST']],
    ['OPTIONS', '/api/v1/users/alice/', ['DELETE', 'GET', 'HEAD', 'PATCH']],
    ['POST', '/api/v1/users/alice', ['DELETE', 'GET', 'HEAD', 'PATCH']],
    ['DELETE', '/healthz?x=1', ['GET', 'HEAD']],
    ['TRACE', '/healthz', ['GET', 'HEAD']],
  ] as const) {
    const { status, headers, body } = await http.call(method, path);
    assert.deepEqual([status, String(headers.allow).split(', ').sort()], [405, allow], path);
    assert.equal(body.code, 'EINVAL');
  }
  assert.equal((await http.call('PUT', '/api/v1/nowhere', { as: admin })).status, 404);
});

for (const [what, request, status, code] of [
  [
    'has two hosts',
    'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n',
    400,
    'EINVAL',
  ],
  ['is no HTTP', 'GARBAGE\r\n\r\n', 400, 'EINVAL'],
  ['has too long headers', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'ETOOLONG'],
  [
    'has a broken body',
    'POST /api/v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    400,
    'EINVAL',
  ],
] as const) {
  test(`what ${what} is refused in the form of every refusal`, async () => {
    const socket = connect(Number(new URL(http.url).port), '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.write(request);
    await once(socket, 'close');
    const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} `));
    assert.equal(JSON.parse(body).code, code);
  });
}

test('the SockJS client comes from this server, to be kept by browsers', async () => {
  const { status, headers, text } = await http.call('GET', '/sockjs/sockjs.min.js');
  assert.equal(status, 200);
  assert.match(String(headers['content-type']), /^text\/javascript/);
  assert.match(text, /^\/\* sockjs-client/);
  const again = await http.call('GET', '/sockjs/sockjs.min.js', {
    headers: { 'if-none-match': String(headers.etag) },
  });
  assert.deepEqual([again.status, again.text], [304, '']);
});
