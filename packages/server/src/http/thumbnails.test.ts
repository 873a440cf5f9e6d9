import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import type { Principal } from '../core/model.ts';
import { heic, PDF } from '../files/samples-fixture.ts';
import { type HttpFixture, principal, startHttp } from './http-fixture.ts';

const MINUTE = 60_000;

let http: HttpFixture;
const [alice, bob] = [principal('alice'), principal('bob')];

before(async () => {
  http = await startHttp();
  for (const user of [alice, bob]) await http.core.users.admit(user, null);
});
after(() => http.stop());

async function ask(
  path: string,
  { as = alice, ...init }: RequestInit & { as?: Principal; headers?: Record<string, string> } = {},
): Promise<Response> {
  const authorization = `Bearer ${(await http.issuer.issue(as, MINUTE)).token}`;
  return fetch(http.url + path, { ...init, headers: { authorization, ...init.headers } });
}

interface Uploaded {
  readonly id: string;
  readonly url: string;
  readonly width?: number;
  readonly height?: number;
}

async function upload(bytes: Buffer, name = 'harbour.jpg'): Promise<Uploaded> {
  const body = new FormData();
  body.append('file', new Blob([Buffer.from(bytes)]), name);
  const response = await ask('/api/v1/files', { method: 'POST', body });
  assert.equal(response.status, 201);
  return (await response.json()) as Uploaded;
}

function photo(width: number, height: number, orientation = 1) {
  return sharp({ create: { width, height, channels: 3, background: 'red' } }).withMetadata({ orientation });
}

test('a picture comes smaller, upright and as WebP, in each of the widths', async () => {
  const { id, url } = await upload(await photo(2600, 1300, 6).jpeg().toBuffer());
  for (const w of [160, 320, 640, 1280]) {
    const response = await ask(`${url}?w=${w}`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'image/webp');
    assert.match(response.headers.get('content-disposition') ?? '', /^inline; filename="harbour\.webp"/);
    assert.match(response.headers.get('content-security-policy') ?? '', /^sandbox;/);
    assert.equal(response.headers.get('cache-control'), 'private, no-cache');
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.equal(Number(response.headers.get('content-length')), bytes.length);
    const { width, height } = await sharp(bytes).metadata();
    assert.deepEqual([width, height], [w, w * 2]);
    // Beside the file.
    await access(join(http.dataDir, 'files', id.slice(-2), `w${w}-${id}`));
  }
});

test('a smaller form has its own tag, ranges and HEAD', async () => {
  const { url } = await upload(await photo(900, 600).png().toBuffer());
  const whole = await ask(url);
  const response = await ask(`${url}?w=320`);
  const etag = response.headers.get('etag') ?? '';
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.notEqual(etag, whole.headers.get('etag'));
  const known = await ask(`${url}?w=320`, { headers: { 'if-none-match': etag } });
  assert.deepEqual([known.status, known.headers.get('etag')], [304, etag]);
  assert.equal((await ask(url, { headers: { 'if-none-match': etag } })).status, 200);
  assert.equal((await ask(`${url}?w=640`, { headers: { 'if-none-match': etag } })).status, 200);
  const head = await ask(`${url}?w=320`, { method: 'HEAD' });
  assert.equal(Number(head.headers.get('content-length')), bytes.length);
  const part = await ask(`${url}?w=320`, { headers: { range: 'bytes=4-9', 'if-range': etag } });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get('content-range'), `bytes 4-9/${bytes.length}`);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(4, 10));
  const beyond = await ask(`${url}?w=320`, { headers: { range: `bytes=${bytes.length}-` } });
  assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, `bytes */${bytes.length}`]);
});

test('a smaller form is for who sees the file', async () => {
  const { url } = await upload(await photo(900, 600).png().toBuffer());
  assert.equal((await ask(`${url}?w=160`)).status, 200);
  assert.equal((await ask(`${url}?w=160`, { as: bob })).status, 404);
  await http.core.users.update(alice, alice.userId, { avatar: url });
  assert.equal((await ask(`${url}?w=160`, { as: bob })).status, 200);
});

for (const w of ['', '0', '100', '321', '-160', '1e2', 'large', '160&w=320']) {
  test(`w=${w} is refused, and the answer names the widths that there are`, async () => {
    const { url } = await upload(await photo(9, 6).png().toBuffer());
    const response = await ask(`${url}?w=${w}`);
    const body = (await response.json()) as { code: string; field: string; message: string };
    assert.deepEqual([response.status, body.code, body.field], [400, 'EINVAL', 'w']);
    assert.match(body.message, /160, 320, 640, 1280/);
  });
}

test('what is no picture, or can not be decoded, has no smaller form', async () => {
  for (const bytes of [PDF, heic(400, 300)]) {
    const { url } = await upload(bytes);
    const response = await ask(`${url}?w=320`);
    const body = (await response.json()) as { code: string; field: string };
    assert.deepEqual([response.status, body.code, body.field], [404, 'ENOENT', 'w']);
    assert.equal((await ask(url)).status, 200);
  }
});

test('an upload tells the size as shown of pictures that are stored turned or cropped', async () => {
  const turned = photo(60, 40, 6);
  const samples = [
    heic(400, 300, { quarters: 1 }),
    heic(400, 300, { crop: [300, 200], quarters: 3 }),
    await turned.clone().avif().toBuffer(),
    await turned.clone().webp().toBuffer(),
    await turned.clone().tiff().toBuffer(),
  ];
  const sizes = [];
  for (const bytes of samples) {
    const { width, height } = await upload(bytes);
    sizes.push([width, height]);
  }
  assert.deepEqual(sizes, [
    [300, 400],
    [200, 300],
    [40, 60],
    [40, 60],
    [40, 60],
  ]);
});
