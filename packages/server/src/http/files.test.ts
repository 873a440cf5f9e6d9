import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { JsonValue, Principal } from '../core/model.ts';
import { gif, HTML, jpeg, PDF, png, SVG } from '../files/samples-fixture.ts';
import { type HttpFixture, principal, startHttp } from './http-fixture.ts';

const MB = 1_048_576;
const MINUTE = 60_000;

let http: HttpFixture;
let count = 0;

before(async () => {
  http = await startHttp({ flags: { maxUploadsPerUser: '2', sendRate: '0' } });
});
after(() => http.stop());

/** A user of the test's own. */
async function newUser(tenant = 'default'): Promise<Principal> {
  const user = principal(`user${++count}`, 'user', tenant);
  await http.core.users.admit(user, null);
  return user;
}

async function bearer(user: Principal): Promise<string> {
  return `Bearer ${(await http.issuer.issue(user, MINUTE)).token}`;
}

interface Part {
  readonly bytes?: Uint8Array;
  readonly type?: string;
  readonly name?: string;
  readonly field?: string;
}

function formOf(...parts: readonly Part[]): FormData {
  const form = new FormData();
  for (const { bytes = png(3, 2), type = '', name = 'a.png', field = 'file' } of parts) {
    form.append(field, new Blob([Buffer.from(bytes)], { type }), name);
  }
  return form;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
async function post(user: Principal, form: FormData): Promise<{ status: number; body: any }> {
  const response = await fetch(`${http.url}/api/v1/files`, {
    method: 'POST',
    headers: { authorization: await bearer(user) },
    body: form,
  });
  return { status: response.status, body: await response.json() };
}

async function upload(
  user: Principal,
  part: Part = {},
): Promise<{ id: string; url: string; [key: string]: unknown }> {
  const { status, body } = await post(user, formOf(part));
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}

async function get(
  user: Principal | undefined,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Response> {
  const authorization: Record<string, string> = user ? { authorization: await bearer(user) } : {};
  return fetch(http.url + path, { method, headers: { ...authorization, ...headers } });
}

function send(from: Principal, to: Principal, extra: JsonValue) {
  return http.core.messages.send(from, {
    target: { kind: 'user', userId: to.userId },
    content: { type: 'image', text: '', extra },
    source: 'test',
  });
}

/** Names of files that are kept, or half kept. */
async function kept(): Promise<string[]> {
  const entries = await readdir(join(http.dataDir, 'files'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** The form's request up to the bytes of the file, on a socket of its own, announcing more than will come. */
async function beginUpload(user: Principal, length = 1000): Promise<Socket> {
  const socket = connect(Number(new URL(http.url).port), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n';
  const isChunked = length < 0;
  socket.write(
    `POST /api/v1/files HTTP/1.1\r\nHost: test\r\nAuthorization: ${await bearer(user)}\r\n` +
      `Content-Type: multipart/form-data; boundary=b\r\n${
        isChunked
          ? `Transfer-Encoding: chunked\r\n\r\n${head.length.toString(16)}\r\n${head}\r\n`
          : `Content-Length: ${length}\r\n\r\n${head}`
      }`,
  );
  return socket;
}

/** Resolves once the condition holds; what it waits for sends no event here. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

test('an uploaded picture is answered as a message can carry it, and comes back as it was', async () => {
  const alice = await newUser();
  const bytes = png(30, 20);
  const file = await upload(alice, { bytes, type: 'image/png', name: '照片.png' });
  assert.deepEqual(file, {
    id: file.id,
    url: `/files/${file.id}`,
    name: '照片.png',
    type: 'image/png',
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    extension: 'png',
    format: 'PNG',
    width: 30,
    height: 20,
    createdAt: file.createdAt,
  });
  const response = await get(alice, file.url);
  assert.equal(response.status, 200);
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), bytes);
});

test('a file goes out with headers that let nothing of it run', async () => {
  const alice = await newUser();
  const { url, size, sha256 } = await upload(alice, { name: '照片 "1".png' });
  const { headers } = await get(alice, url);
  assert.equal(headers.get('content-type'), 'image/png');
  assert.equal(headers.get('content-length'), String(size));
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.match(String(headers.get('content-security-policy')), /^sandbox; default-src 'none';/);
  assert.equal(headers.get('cache-control'), 'private, no-cache');
  assert.equal(headers.get('accept-ranges'), 'bytes');
  assert.equal(headers.get('etag'), `"${sha256}"`);
  assert.equal(
    headers.get('content-disposition'),
    `inline; filename="__ _1_.png"; filename*=UTF-8''%E7%85%A7%E7%89%87%20%221%22.png`,
  );
});

const SERVED: readonly (readonly [
  declared: string,
  bytes: Uint8Array,
  name: string,
  type: string,
  disposition: string,
])[] = [
  ['image/jpeg', jpeg(3, 2), 'a.jpg', 'image/jpeg', 'inline'],
  ['image/gif', gif(3, 2), 'a.gif', 'image/gif', 'inline'],
  ['application/pdf', PDF, 'a.pdf', 'application/pdf', 'attachment'],
  ['text/plain', Buffer.from('你好'), 'a.txt', 'text/plain; charset=utf-8', 'attachment'],
  ['text/html', HTML, 'a.html', 'application/octet-stream', 'attachment'],
  ['image/svg+xml', SVG, 'a.svg', 'application/octet-stream', 'attachment'],
  ['text/javascript', Buffer.from('alert(1)'), 'a.js', 'application/octet-stream', 'attachment'],
  ['', HTML, 'a.html', 'application/octet-stream', 'attachment'],
  ['image/png', HTML, 'a.png', 'application/octet-stream', 'attachment'],
  ['image/jpeg', png(1, 1), 'a.jpg', 'image/png', 'inline'],
];

for (const [declared, bytes, name, type, disposition] of SERVED) {
  test(`${name}, declared as "${declared}", is served as ${type}, ${disposition}`, async () => {
    const alice = await newUser();
    const { headers } = await get(alice, (await upload(alice, { bytes, type: declared, name })).url);
    assert.equal(headers.get('content-type'), type);
    assert.match(
      String(headers.get('content-disposition')),
      new RegExp(`^${disposition}; filename="${name}"`),
    );
  });
}

test('HEAD tells everything but the bytes', async () => {
  const alice = await newUser();
  const { url, size } = await upload(alice);
  const response = await get(alice, url, { range: 'bytes=0-1' }, 'HEAD');
  assert.deepEqual([response.status, response.headers.get('content-length')], [200, String(size)]);
  assert.equal((await response.arrayBuffer()).byteLength, 0);
});

test('one range is sent alone, several or none that can be read are sent as all', async () => {
  const alice = await newUser();
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, at) => at % 256));
  const { url } = await upload(alice, { bytes, name: 'a.bin' });
  for (const [range, from, to] of [
    ['bytes=0-0', 0, 0],
    ['bytes=100-70000', 100, 70_000],
    ['bytes=199990-', 199_990, 199_999],
    ['bytes=-5', 199_995, 199_999],
    ['bytes=199990-999999', 199_990, 199_999],
  ] as const) {
    const response = await get(alice, url, { range });
    assert.equal(response.status, 206, range);
    assert.equal(response.headers.get('content-range'), `bytes ${from}-${to}/200000`);
    assert.equal(response.headers.get('content-length'), String(to - from + 1));
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), bytes.subarray(from, to + 1));
  }
  for (const range of ['bytes=0-1,5-6', 'bytes=x', 'bytes=5-2']) {
    const response = await get(alice, url, { range });
    assert.equal(response.status, 200, range);
    assert.equal((await response.arrayBuffer()).byteLength, 200_000);
  }
});

test('a range beyond the end is refused with the size', async () => {
  const alice = await newUser();
  const { url, size } = await upload(alice);
  const response = await get(alice, url, { range: 'bytes=5000-' });
  assert.deepEqual([response.status, response.headers.get('content-range')], [416, `bytes */${size}`]);
  assert.deepEqual(await response.json(), {
    code: 'EINVAL',
    message: `the file has ${size} bytes, and none of the range`,
    field: 'Range',
    limit: size,
  });
});

test('a range counts only of the file that If-Range names', async () => {
  const alice = await newUser();
  const { url, sha256 } = await upload(alice);
  const statusFor = async (tag: string) =>
    (await get(alice, url, { range: 'bytes=0-1', 'if-range': tag })).status;
  assert.equal(await statusFor(`"${sha256}"`), 206);
  assert.equal(await statusFor('"another"'), 200);
  assert.equal(await statusFor(`W/"${sha256}"`), 200);
  assert.equal(await statusFor('Sat, 21 Nov 2026 10:00:00 GMT'), 200);
});

test('what the client has already is not sent again, as long as it may see it', async () => {
  const [alice, bob] = [await newUser(), await newUser()];
  const { url, sha256 } = await upload(alice);
  const tag = { 'if-none-match': `W/"${sha256}"` };
  const response = await get(alice, url, tag);
  assert.deepEqual([response.status, await response.text()], [304, '']);
  assert.equal(response.headers.get('etag'), `"${sha256}"`);
  assert.equal((await get(bob, url, tag)).status, 404);
});

test('a file is for its uploader, until a message holds it', async () => {
  const [alice, bob, carol] = [await newUser(), await newUser(), await newUser()];
  const boss = principal('boss', 'admin');
  const { url } = await upload(alice);
  const statusFor = async (user: Principal) => (await get(user, url)).status;
  assert.deepEqual([await statusFor(bob), await statusFor(boss)], [404, 404]);
  const { message } = await send(alice, bob, { url });
  assert.deepEqual([await statusFor(bob), await statusFor(boss), await statusFor(carol)], [200, 200, 404]);
  await http.core.changes.recall(alice, message.id);
  assert.deepEqual([await statusFor(bob), await statusFor(boss), await statusFor(alice)], [404, 404, 200]);
});

async function sendJson(
  user: Principal,
  method: string,
  path: string,
  body: JsonValue,
): Promise<{ status: number; body: Record<string, JsonValue> }> {
  const headers = { authorization: await bearer(user), 'content-type': 'application/json' };
  const response = await fetch(`${http.url}/api/v1${path}`, { method, headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, JsonValue> };
}

test('an uploaded picture shows a user to everybody of its tenant, by its path or its full address', async () => {
  const [alice, bob, stranger] = [await newUser(), await newUser(), await newUser('elsewhere')];
  const [{ url }, next] = [await upload(alice), await upload(alice)];
  const { status, body } = await sendJson(alice, 'PATCH', '/users/me', { avatar: url });
  assert.deepEqual([status, body.avatar], [200, url]);
  assert.equal((await get(bob, url)).status, 200);
  assert.equal((await get(stranger, url)).status, 404);
  await sendJson(alice, 'PATCH', '/users/me', { avatar: http.url + next.url });
  assert.deepEqual([(await get(bob, url)).status, (await get(bob, next.url)).status], [404, 200]);
});

test('an uploaded picture shows a group to its members', async () => {
  const [owner, member, other] = [await newUser(), await newUser(), await newUser()];
  const { url } = await upload(owner);
  const group = await http.core.groups.create(principal('boss', 'admin'), {
    name: 'Team',
    members: [{ userId: owner.userId, role: 'owner' }, { userId: member.userId }],
  });
  assert.equal((await sendJson(owner, 'PATCH', `/groups/${group.id}`, { avatar: url })).status, 200);
  assert.deepEqual([(await get(member, url)).status, (await get(other, url)).status], [200, 404]);
});

test('a file that one does not see is nobody’s picture', async () => {
  const [alice, bob] = [await newUser(), await newUser()];
  const { url } = await upload(alice);
  const { status, body } = await sendJson(bob, 'PATCH', '/users/me', { avatar: url });
  assert.deepEqual([status, body.code, body.field], [404, 'ENOENT', 'avatar']);
});

test('who hid the message sees its file no more', async () => {
  const [alice, bob] = [await newUser(), await newUser()];
  const { url } = await upload(alice);
  const { message } = await send(alice, bob, { url });
  await http.core.changes.hide(bob, message.id);
  assert.equal((await get(bob, url)).status, 404);
});

test('a file of others is refused as one that never was, in every tenant', async () => {
  const alice = await newUser();
  const { url } = await upload(alice);
  const missing = await (await get(await newUser(), '/files/nothing')).text();
  const others = [
    await newUser(),
    principal(alice.userId, 'user', 'elsewhere'),
    principal('boss', 'admin', 'elsewhere'),
    principal('robot', 'service'),
  ];
  for (const other of others) {
    for (const method of ['GET', 'HEAD']) {
      const response = await get(other, url, {}, method);
      assert.equal(response.status, 404);
      if (method === 'GET') assert.equal(await response.text(), missing);
      assert.equal(response.headers.get('etag'), null);
    }
  }
});

test('a file can be sent by those who may see it only', async () => {
  const [alice, bob, carol] = [await newUser(), await newUser(), await newUser()];
  const { id, url } = await upload(alice);
  for (const extra of [
    { url },
    { cards: [{ cover: `https://chat.test${url}` }] },
    { url: '/files/nothing' },
  ]) {
    await assert.rejects(send(bob, carol, extra), { code: 'ENOENT', field: 'content' });
  }
  await send(bob, carol, { url: `https://elsewhere.test/files/${id.replace(/./g, '0')}` });
  await send(alice, bob, { url });
  await send(bob, carol, { cards: [{ cover: `https://chat.test${url}` }] });
  assert.equal((await get(carol, url)).status, 200);
});

test('an edited text that is a picture’s address takes the file with it', async () => {
  const [alice, bob] = [await newUser(), await newUser()];
  const [before, now] = [await upload(alice), await upload(alice)];
  const { message } = await http.core.messages.send(alice, {
    target: { kind: 'user', userId: bob.userId },
    content: { type: 'image', text: before.url, extra: null },
    source: 'test',
  });
  assert.equal((await get(bob, before.url)).status, 200);
  await http.core.changes.edit(alice, message.id, now.url);
  assert.deepEqual([(await get(bob, before.url)).status, (await get(bob, now.url)).status], [404, 200]);
});

test('a token in the query serves pictures on a page, and is not logged', async () => {
  const alice = await newUser();
  const { url } = await upload(alice);
  const { token } = await http.issuer.issue(alice, MINUTE);
  assert.equal((await get(undefined, `${url}?token=${token}`)).status, 200);
  assert.equal((await get(undefined, `/files/nothing?token=${token}`)).status, 404);
  assert.match(http.logged(), new RegExp(`${url}\\?token=\\[redacted\\]`));
  assert.ok(!http.logged().includes(token));
});

test('no token, a wrong one, an expired one and two of different users are refused', async () => {
  const [alice, bob] = [await newUser(), await newUser()];
  const { url } = await upload(alice);
  const { token } = await http.issuer.issue(alice, MINUTE);
  const expired = (await http.issuer.issue(alice, -MINUTE)).token;
  const statusFor = async (path: string, user?: Principal) => (await get(user, path)).status;
  assert.equal(await statusFor(url), 401);
  assert.equal(await statusFor(`${url}?token=nonsense`), 401);
  assert.equal(await statusFor(`${url}?token=${expired}`), 401);
  assert.equal(await statusFor(`${url}?token=${expired}`, alice), 401);
  assert.equal(await statusFor(`${url}?token=${token}`, bob), 401);
  assert.equal(await statusFor(`${url}?token=${token}&token=${expired}`), 401);
  assert.equal(await statusFor(`${url}?token=${token}`, alice), 200);
  const response = await fetch(`${http.url}/api/v1/files?token=${token}`, {
    method: 'POST',
    body: formOf({}),
  });
  assert.equal(response.status, 401);
});

const REFUSED: Readonly<Record<string, readonly [parts: readonly Part[], status: number, body: object]>> = {
  'an empty file': [
    [{ bytes: Buffer.alloc(0) }],
    400,
    { code: 'EINVAL', field: 'file', message: 'file is empty' },
  ],
  'a form without a file': [[], 400, { code: 'EINVAL', field: 'file', message: 'file is missing' }],
  'two files': [[{}, {}], 400, { code: 'EINVAL', field: 'file', message: 'the form has more than one file' }],
  'a field of another name': [
    [{ field: 'upload' }],
    400,
    { code: 'EINVAL', field: 'file', message: 'file is missing' },
  ],
  'a name that is too long': [
    [{ name: 'x'.repeat(256) }],
    413,
    { code: 'ETOOLONG', field: 'file', limit: 255, message: 'file has more than 255 characters' },
  ],
};

for (const [what, [parts, status, body]] of Object.entries(REFUSED)) {
  test(`${what} is refused, and nothing of it is kept`, async () => {
    const before = await kept();
    assert.deepEqual(await post(await newUser(), formOf(...parts)), { status, body });
    assert.deepEqual(await kept(), before);
  });
}

test('a name with a path loses it, and decides nothing', async () => {
  const alice = await newUser();
  const { id, name } = await upload(alice, { name: '../../../../etc/passwd', bytes: Buffer.from('x') });
  assert.equal(name, 'passwd');
  assert.ok((await kept()).includes(id));
  for (const path of ['/files/..%2f..%2fhaina.db', '/files/%2e%2e%2fhaina.db', '/files/parts', '/files/']) {
    assert.equal((await get(alice, path)).status, 404, path);
  }
});

test('a body that is no form is refused', async () => {
  const alice = await newUser();
  const { status, body } = await http.call('POST', '/api/v1/files', { as: alice, body: { file: 'x' } });
  assert.deepEqual([status, body.code, body.field], [400, 'EINVAL', 'Content-Type']);
  assert.equal((await http.call('POST', '/api/v1/files', { as: alice })).status, 400);
});

test('a form that is cut off is refused, and nothing of it is kept', async () => {
  const before = await kept();
  const alice = await newUser();
  const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n';
  const { status, body } = await http.call('POST', '/api/v1/files', {
    as: alice,
    body: `${head}${'x'.repeat(400_000)}`,
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
  });
  assert.deepEqual([status, body.code, body.field], [400, 'EINVAL', 'file']);
  assert.deepEqual(await kept(), before);
});

test('one who may only read may not upload, and still downloads', async () => {
  const alice = await newUser();
  const { url } = await upload(alice);
  const boss = principal('boss', 'admin');
  await http.core.admin.changeChatPermission(boss, alice.userId, 'read_only', 'a test');
  const { status, body } = await post(alice, formOf({}));
  assert.deepEqual([status, body.code], [403, 'EPERM']);
  assert.equal((await get(alice, url)).status, 200);
});

test('a file may have as many MB as the tenant’s managers set, and not a byte more', async () => {
  const tenant = `tenant${++count}`;
  const alice = await newUser(tenant);
  await http.core.admin.changeChatSettings(
    principal('boss', 'admin', tenant),
    { fileUploadLimit: 1 },
    'a test',
  );
  const { size } = await upload(alice, { bytes: Buffer.alloc(MB), name: 'a.bin' });
  assert.equal(size, MB);
  const before = await kept();
  const refused = await post(alice, formOf({ bytes: Buffer.alloc(MB + 1), name: 'a.bin' }));
  const body = { code: 'ETOOLONG', message: 'file has more than 1 MB', field: 'file', limit: 1 };
  assert.deepEqual(refused, { status: 413, body });
  assert.deepEqual(await kept(), before);
});

/** What comes at a socket until it closes, while bytes are written to it as fast as it takes them. */
async function flood(socket: Socket, chunk: Buffer): Promise<string> {
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
  });
  const pump = () => {
    while (socket.writable && socket.write(chunk));
  };
  socket.on('drain', pump);
  pump();
  await new Promise((resolve) => socket.on('close', resolve));
  return answer;
}

test('an upload over the limit is read no further, and its connection is closed', async () => {
  const tenant = `tenant${++count}`;
  const alice = await newUser(tenant);
  await http.core.admin.changeChatSettings(
    principal('boss', 'admin', tenant),
    { fileUploadLimit: 1 },
    'a test',
  );
  const before = await kept();
  const announced = await beginUpload(alice, 9_000_000_000);
  const chunked = await beginUpload(alice, -1);
  const size = 65_536;
  const chunk = Buffer.concat([
    Buffer.from(`${size.toString(16)}\r\n`),
    Buffer.alloc(size, 1),
    Buffer.from('\r\n'),
  ]);
  for (const socket of [announced, chunked]) {
    const answer = await flood(socket, chunk);
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assert.match(answer, /"field":"file","limit":1/);
    // What the buffers of both sockets held is all that went beyond the limit.
    assert.ok(socket.bytesWritten < 32 * MB, `${socket.bytesWritten} bytes`);
  }
  assert.deepEqual(await kept(), before);
});

/** Sends all of a request before it reads anything, as most clients do, and then reads until the connection closes. */
async function sendThenRead(head: string, body: Buffer): Promise<string> {
  const socket = connect(Number(new URL(http.url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.pause();
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.write(head);
    socket.write(body, () => resolve());
  });
  let answer = '';
  for await (const chunk of socket.setEncoding('latin1')) answer += chunk;
  return answer;
}

test('who is refused before the end of its body reads why, and learns that the connection is closed', async () => {
  const tenant = `tenant${++count}`;
  const alice = await newUser(tenant);
  const boss = principal('boss', 'admin', tenant);
  await http.core.admin.changeChatSettings(boss, { fileUploadLimit: 1 }, 'a test');
  const large = Buffer.alloc(8 * MB, 0x20);
  const form = (token: string, begin: string) =>
    [
      `POST /api/v1/files HTTP/1.1\r\nHost: test\r\nAuthorization: ${token}\r\n` +
        `Content-Type: multipart/form-data; boundary=b\r\nContent-Length: ${large.length + begin.length}\r\n\r\n${begin}`,
      large,
    ] as const;
  const token = await bearer(alice);
  const begin = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n';
  const json =
    `POST /api/v1/users HTTP/1.1\r\nHost: test\r\nAuthorization: ${token}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${large.length}\r\n\r\n`;
  for (const [status, code, [head, body]] of [
    [413, 'ETOOLONG', form(token, begin)],
    [401, 'EAUTH', form('Bearer nonsense', begin)],
    [400, 'EINVAL', form(token, 'no boundary')],
    [413, 'ETOOLONG', [json, large] as const],
  ] as const) {
    const answer = await sendThenRead(head, body);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(answer, /\r\nconnection: close\r\n/i);
    assert.match(answer, new RegExp(`"code":"${code}"`));
  }
});

test('a connection goes on after a small body that was refused', async () => {
  const socket = connect(Number(new URL(http.url).port), '127.0.0.1');
  const request =
    'POST /api/v1/users HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
  socket.setEncoding('latin1').write(request);
  const [first] = await once(socket, 'data');
  socket.write(request);
  const [second] = await once(socket, 'data');
  for (const answer of [first, second]) {
    assert.match(String(answer), /^HTTP\/1\.1 401 /);
    assert.match(String(answer), /\r\nconnection: keep-alive\r\n/i);
  }
  socket.destroy();
});

test('one user can not have too many uploads under way, others can, and an end makes room', async () => {
  const [alice, bob] = [await newUser(), await newUser()];
  const before = await kept();
  const sockets = [await beginUpload(alice), await beginUpload(alice)];
  let refused = await post(alice, formOf({}));
  await until(async () => {
    refused = await post(alice, formOf({}));
    return refused.status !== 201;
  });
  assert.deepEqual(
    [refused.status, refused.body.code, refused.body.field, refused.body.limit],
    [429, 'ERATE', 'file', 2],
  );
  await upload(bob);
  for (const socket of sockets) socket.destroy();
  await until(async () => (await post(alice, formOf({}))).status === 201);
  // Whole files of the tries, and nothing of what was broken off.
  const partly = (await readdir(join(http.dataDir, 'files', 'parts'))).length;
  assert.equal(partly, 0);
  assert.ok((await kept()).length > before.length);
});

test('bytes that are gone are the server’s fault, and told as JSON', async () => {
  const own = await startHttp();
  const alice = principal('alice');
  await own.core.users.admit(alice, null);
  const authorization = `Bearer ${(await own.issuer.issue(alice, MINUTE)).token}`;
  const answer = await fetch(`${own.url}/api/v1/files`, {
    method: 'POST',
    headers: { authorization },
    body: formOf({}),
  });
  const { id, url } = (await answer.json()) as { id: string; url: string };
  await rm(join(own.dataDir, 'files', id.slice(-2), id));
  const response = await fetch(own.url + url, { headers: { authorization, range: 'bytes=0-1' } });
  assert.equal(response.status, 503);
  assert.equal(((await response.json()) as { code: string }).code, 'EINTERNAL');
  assert.equal(response.headers.get('content-disposition'), null);
  await own.stop();
});
