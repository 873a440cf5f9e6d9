import assert from 'node:assert/strict';
import { createHmac, createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import { StartError } from '../config/start-error.ts';
import { DomainError } from '../core/errors.ts';
import { createTokens, type TokenIssuer, type TokenVerifier } from './tokens.ts';

const NOW = 1_800_000_000_000;
const clock = { now: () => NOW };
const SECRET = 'q7Zt2mX9vLr4Kc8sWb1nYd6fHj3gPa5e';
const secretKey = createSecretKey(Buffer.from(SECRET));
const alice = { tenant: 'default', userId: 'alice', role: 'user', name: 'Alice' } as const;
const CLAIMS = { sub: 'alice', app: 'default', role: 'user', name: 'Alice', exp: NOW / 1000 + 60 };

const folder = mkdtempSync(join(tmpdir(), 'haina-tokens-'));
after(() => rmSync(folder, { recursive: true }));

const { verifier, issuer } = createTokens({ secret: SECRET }, clock);

function sign(claims: JWTPayload, key: KeyObject = secretKey, alg = 'HS256', header = {}): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg, ...header }).sign(key);
}

function handmade(header: object, claims: object, signature = ''): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}.${signature}`;
}

async function refusal(token: string, by: TokenVerifier = verifier): Promise<DomainError> {
  const error = await by.verify(token).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DomainError, 'the token was taken');
  return error;
}

function pemFile(name: string, key: KeyObject): string {
  const file = join(folder, name);
  const form = key.type === 'private' ? 'pkcs8' : 'spki';
  writeFileSync(file, key.export({ type: form, format: 'pem' } as never));
  return file;
}

test('an issued token is verified to the principal it was made for', async () => {
  const issued = await issuer?.issue(alice, 60_500);
  assert.ok(issued);
  const { expiresAt } = issued;
  const verified = { principal: alice, expiresAt, issuedAt: NOW, isFromLogin: false };
  assert.deepEqual(await verifier.verify(issued.token), verified);
  const { token } = await (issuer as TokenIssuer).issueLogin(alice, 60_500, NOW + 1);
  assert.deepEqual(await verifier.verify(token), {
    ...verified,
    expiresAt: NOW + 61_000,
    issuedAt: NOW + 1,
    isFromLogin: true,
  });
  assert.equal(issued.expiresAt, NOW + 61_000);
});

test('nobody is refused for its name: what can not be shown is taken out', async () => {
  const nameOf = async (name: unknown) =>
    (await verifier.verify(await sign({ ...CLAIMS, name }))).principal.name;
  assert.equal(await nameOf(' Ａlice\n\u202eB\u0000\ud800 '), 'Alice B');
  assert.equal(await nameOf('\u200b \u2800'), 'alice');
  assert.equal(await nameOf('👩‍👧'.repeat(60)), `${'👩‍👧'.repeat(21)}👩`);
});

test('role and name may be absent', async () => {
  const { role: _, name: __, ...claims } = CLAIMS;
  assert.deepEqual((await verifier.verify(await sign(claims))).principal, { ...alice, name: 'alice' });
});

for (const [what, change, message] of [
  ['no sub', { sub: undefined }, "the token's claim sub is missing"],
  ['no app', { app: undefined }, "the token's claim app is missing"],
  ['no exp', { exp: undefined }, "the token's claim exp is missing"],
  ['an exp that is a text', { exp: '2999' }, "the token's claim exp is not valid"],
  ['an exp that is now', { exp: NOW / 1000 }, 'the token has expired'],
  ['an nbf to come', { nbf: NOW / 1000 + 5 }, "the token's claim nbf is not valid"],
  ['a sub that is a number', { sub: 5 }, "the token's claim sub is not valid"],
  ['a sub with a slash', { sub: 'a/b' }, "the token's claim sub is not valid"],
  ['an app with a slash', { app: 'a/b' }, "the token's claim app is not valid"],
  ['an empty app', { app: '' }, "the token's claim app is not valid"],
  ['an unknown role', { role: 'root' }, "the token's claim role is not valid"],
  ['a role of the prototype', { role: 'constructor' }, "the token's claim role is not valid"],
  ['a name that is an object', { name: {} }, "the token's claim name is not valid"],
  ['a user whose id is reserved', { sub: 'me' }, "the token's claim sub is not valid"],
] as const) {
  test(`a token with ${what} is refused`, async () => {
    const error = await refusal(await sign({ ...CLAIMS, ...change } as JWTPayload));
    assert.deepEqual([error.code, error.message], ['EAUTH', message]);
  });
}

for (const alg of ['none', 'None', 'NONE']) {
  test(`an unsigned token (${alg}) is refused`, async () => {
    assert.equal((await refusal(handmade({ alg }, CLAIMS))).code, 'EAUTH');
  });
}

test('a token of another secret, or with changed claims, is refused', async () => {
  const foreign = await sign(CLAIMS, createSecretKey(Buffer.from(SECRET.toUpperCase())));
  assert.equal((await refusal(foreign)).message, "the token's signature is wrong");
  const [head, , signature] = (await sign(CLAIMS)).split('.');
  const claims = Buffer.from(JSON.stringify({ ...CLAIMS, role: 'admin' })).toString('base64url');
  assert.equal((await refusal(`${head}.${claims}.${signature}`)).message, "the token's signature is wrong");
});

for (const token of [
  '',
  'x',
  '..',
  'a.b.c',
  '💥.💥.💥',
  `${'a'.repeat(9000)}.b.c`,
  'eyJhbGciOiJIUzI1NiJ9..',
  '__proto__',
]) {
  test(`"${token.slice(0, 20)}" is refused as no token`, async () => {
    assert.equal((await refusal(token)).code, 'EAUTH');
  });
}

test('other algorithms, and headers that ask for what is not understood, are refused', async () => {
  const message = 'the token is not signed by an algorithm that this server accepts';
  assert.equal((await refusal(await sign(CLAIMS, secretKey, 'HS512'))).message, message);
  const crit = handmade({ alg: 'HS256', crit: ['x'], x: 1 }, CLAIMS, 'AAAA');
  assert.equal((await refusal(crit)).code, 'EAUTH');
});

test('refusals tell nothing about key or claims', async () => {
  const error = await refusal(await sign({ ...CLAIMS, sub: 'private/person' }));
  assert.doesNotMatch(error.message, /private|person/);
});

for (const [alg, pair, name] of [
  ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 }), 'rsa.pem'],
  ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'ec.pem'],
  ['EdDSA', generateKeyPairSync('ed25519'), 'ed.pem'],
] as const) {
  const publicKeyFile = pemFile(name, pair.publicKey);
  const byKey = createTokens({ publicKeyFile }, clock);

  test(`${alg} is verified by a public key file, which issues nothing`, async () => {
    assert.equal(byKey.issuer, undefined);
    assert.deepEqual(
      (await byKey.verifier.verify(await sign(CLAIMS, pair.privateKey, alg))).principal,
      alice,
    );
  });

  test(`${alg}: the public key is no HS256 secret`, async () => {
    const pem = pair.publicKey.export({ type: 'spki', format: 'pem' });
    const unsigned = handmade({ alg: 'HS256' }, CLAIMS).slice(0, -1);
    const forged = `${unsigned}.${createHmac('sha256', pem).update(unsigned).digest('base64url')}`;
    assert.equal((await refusal(forged, byKey.verifier)).code, 'EAUTH');
  });
}

test('a secret and a public key are accepted side by side, each for its own algorithm', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const both = createTokens({ secret: SECRET, publicKeyFile: pemFile('both.pem', publicKey) }, clock);
  await both.verifier.verify(await sign(CLAIMS));
  await both.verifier.verify(await sign(CLAIMS, privateKey, 'EdDSA'));
});

test('public key files that are missing, weak, private or nonsense stop the start', () => {
  const nonsense = join(folder, 'nonsense.pem');
  writeFileSync(nonsense, 'hello');
  const weak = pemFile('weak.pem', generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey);
  const curve = pemFile('p384.pem', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey);
  const secret = pemFile('private.pem', generateKeyPairSync('ed25519').privateKey);
  for (const publicKeyFile of [join(folder, 'none.pem'), nonsense, weak, curve, secret]) {
    assert.throws(() => createTokens({ publicKeyFile }, clock), StartError, publicKeyFile);
  }
});

test('a key set is fetched, chosen from by kid, and EINTERNAL while it is out of reach', async () => {
  const pairs = [generateKeyPairSync('ed25519'), generateKeyPairSync('ec', { namedCurve: 'P-256' })] as const;
  const keys = await Promise.all(
    pairs.map(async ({ publicKey }, index) => ({ ...(await exportJWK(publicKey)), kid: `key-${index}` })),
  );
  const server = createServer((_, response) => response.end(JSON.stringify({ keys })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  const { verifier: byKeySet } = createTokens({ jwksUrl }, clock);
  const good = await sign(CLAIMS, pairs[1].privateKey, 'ES256', { kid: 'key-1' });
  assert.deepEqual((await byKeySet.verify(good)).principal, alice);
  const stranger = await sign(CLAIMS, generateKeyPairSync('ed25519').privateKey, 'EdDSA', { kid: 'key-9' });
  assert.match((await refusal(stranger, byKeySet)).message, /key that this server does not know/);
  const wrongKid = await sign(CLAIMS, pairs[0].privateKey, 'EdDSA', { kid: 'key-1' });
  assert.equal((await refusal(wrongKid, byKeySet)).code, 'EAUTH');
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const { verifier: cutOff } = createTokens({ jwksUrl }, clock);
  assert.equal((await refusal(good, cutOff)).code, 'EINTERNAL');
});

test('a token that was issued in the future is refused, unless the clocks differ by a minute at most', async () => {
  const now = NOW / 1000;
  const at = (iat: number) => sign({ ...CLAIMS, exp: now + 3600, iat });
  assert.equal((await verifier.verify(await at(now + 60))).issuedAt, NOW + 60_000);
  const { code, message, reason, whom } = await refusal(await at(now + 61));
  assert.deepEqual(
    [code, message, reason, whom],
    ['EAUTH', "the token's claim iat is in the future", 'token-refused', 'alice'],
  );
  // The milliseconds of haina's own tokens count too.
  await refusal(await sign({ ...CLAIMS, exp: now + 3600, iat: now + 60, iat_ms: NOW + 60_001 }));
});
