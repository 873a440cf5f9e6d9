import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { stageWithHealthyPair } from './support/healthy-pair.ts';
import { assertEnds, type Ending } from './support/refusals.ts';
import { signToken, TEST_SECRET, tokenOf } from './support/token.ts';

const stage = stageWithHealthyPair({ connectTimeout: 1000, stompHeartbeat: 200 });

const UNAUTHORIZED: Ending = { message: 'Unauthorized', body: 'Unauthorized' };

const inAnHour = Math.floor(Date.now() / 1000) + 3600;
const claims = { sub: 'alice', app: 'default', role: 'admin', name: 'alice', exp: inAnHour };
const HS256 = { alg: 'HS256', typ: 'JWT' };
const [, payload = '', signature = ''] = tokenOf('alice').split('.');
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const unsigned = (alg: string) => `${encode({ alg, typ: 'JWT' })}.${encode(claims)}`;

/** Signed by the right secret with an algorithm that is not accepted. */
function hs512(): string {
  const content = unsigned('HS512');
  return `${content}.${createHmac('sha512', TEST_SECRET).update(content).digest('base64url')}`;
}

const TOKENS: readonly [name: string, token: string][] = [
  ['empty', ''],
  ['of spaces', '   '],
  ['no JWT', 'letmein'],
  ['of two parts', `${encode(HS256)}.${payload}`],
  ['of three dots', '...'],
  ['of bad base64', `${encode(HS256)}.%%%.${signature}`],
  ['signed by another secret', tokenOf('alice', {}, 'x'.repeat(32))],
  ['signed by an empty secret', tokenOf('alice', {}, '')],
  ['without signature', `${encode(HS256)}.${payload}.`],
  ['with another payload', `${encode(HS256)}.${encode(claims)}.${signature}`],
  ['of alg none', `${unsigned('none')}.`],
  ['of alg None with a signature', `${unsigned('None')}.${signature}`],
  ['of alg RS256', `${unsigned('RS256')}.${signature}`],
  ['of alg HS512', hs512()],
  ['without alg', signToken({ typ: 'JWT' }, claims)],
  ['with an unknown critical header', signToken({ ...HS256, crit: ['x'], x: 1 }, claims)],
  ['that has expired', tokenOf('alice', { exp: inAnHour - 7200 })],
  ['that never expires', tokenOf('alice', { exp: undefined })],
  ['that expires at no number', tokenOf('alice', { exp: 'never' })],
  ...['exp', 'iat', 'nbf'].flatMap((claim): [string, string][] => [
    [`whose ${claim} is beyond what a date holds`, tokenOf('alice', { [claim]: 8.64e12 + 1 })],
    [`whose ${claim} is before what a date holds`, tokenOf('alice', { [claim]: -1e300 })],
  ]),
  ['that is not valid yet', tokenOf('alice', { nbf: inAnHour })],
  ['that was issued in the future', tokenOf('alice', { iat: inAnHour - 1800 })],
  ['of nobody', tokenOf('alice', { sub: undefined })],
  ['of a number', tokenOf('alice', { sub: 1 })],
  ['of a user that can not be', tokenOf('alice/../bob')],
  ['of a user whose id is too long', tokenOf('a'.repeat(65))],
  ['of no tenant', tokenOf('alice', { app: undefined })],
  ['of two tenants', tokenOf('alice', { app: ['default', 'other'] })],
  ['of a tenant that can not be', tokenOf('alice', { app: 'a b' })],
  ['of an unknown role', tokenOf('alice', { role: 'root' })],
  ['of several roles', tokenOf('alice', { role: ['admin'] })],
  ['whose name is no text', tokenOf('alice', { name: { toString: 'alice' } })],
  ['of 8 KiB', tokenOf('alice', { padding: 'x'.repeat(8192) })],
];

/** Every way to present a token. */
const PLACES: Readonly<Record<string, (token: string) => [query: string, headers: Record<string, string>]>> =
  {
    'in the query': (token) => [`?token=${encodeURIComponent(token)}`, {}],
    'in Authorization': (token) => ['', { Authorization: `Bearer ${token}` }],
    'in the header token': (token) => ['', { token }],
  };

async function presents(query: string, headers: Record<string, string>) {
  const client = await stage.open(query);
  client.send('CONNECT', { 'accept-version': '1.2', host: 'x', ...headers });
  return client;
}

for (const [place, put] of Object.entries(PLACES)) {
  describe(`a client with a token ${place} is refused, the token being`, () => {
    for (const [name, token] of TOKENS) {
      test(name, async () => assertEnds(await presents(...put(token)), UNAUTHORIZED));
    }
  });
}

describe('a client with two tokens is refused, unless both are good and of the same user:', () => {
  const pairs: readonly [name: string, query: string, header: string][] = [
    ["another user's in the query", tokenOf('bob'), tokenOf('alice')],
    ["another tenant's in the query", tokenOf('alice', { app: 'other' }), tokenOf('alice')],
    ['a forged one in the query', tokenOf('alice', {}, 'x'.repeat(32)), tokenOf('alice')],
    ['an expired one in the query', tokenOf('alice', { exp: 1 }), tokenOf('alice')],
    ['a forged one in the header', tokenOf('alice'), tokenOf('alice', {}, 'x'.repeat(32))],
    ['one of alg none in the header', tokenOf('alice'), `${unsigned('none')}.`],
  ];
  for (const [name, query, header] of pairs) {
    test(name, async () => {
      await assertEnds(
        await presents(`?token=${query}`, { Authorization: `Bearer ${header}` }),
        UNAUTHORIZED,
      );
    });
  }

  const [alice, bob] = [tokenOf('alice'), tokenOf('bob')];
  for (const [name, query, headers] of [
    ["another user's also in the query", `?token=${alice}&token=${bob}`, {}],
    ["another user's in a header of another case", '', { Authorization: alice, authorization: bob }],
    ["another user's in the header token", '', { Authorization: alice, token: bob }],
    ["another user's in two headers token", '', { token: alice, TOKEN: bob }],
  ] as const) {
    test(name, async () => assertEnds(await presents(query, headers), UNAUTHORIZED));
  }

  test('two good ones of one user', async () => {
    const client = await presents(`?token=${tokenOf('alice')}`, {
      Authorization: tokenOf('alice', { name: 'A' }),
    });
    assert.equal((await client.next('CONNECTED')).headers.get('user-name'), 'alice');
  });
});

test('a client without any token is refused, and its receipt named', async () => {
  const client = await presents('', { receipt: 'r' });
  await assertEnds(client, { ...UNAUTHORIZED, headers: { 'receipt-id': 'r' } });
});

test('frames that follow a refused CONNECT are not carried out', async () => {
  const bob = await stage.connect('bob', '/user/queue/messages');
  const client = await stage.open();
  const body = '{"toId":"bob","chatType":"SINGLE","msgType":"TEXT","content":"x"}';
  client.raw(`CONNECT\ntoken:no\n\n\0SEND\ndestination:/app/chat.send\n\n${body}\0`);
  await assertEnds(client, UNAUTHORIZED);
  assert.deepEqual(await bob.settled(), []);
});

test('a token that expires ends its session', async () => {
  const client = await presents(`?token=${tokenOf('alice', { exp: Math.floor(Date.now() / 1000) + 2 })}`, {});
  await client.next('CONNECTED');
  await assertEnds(client, UNAUTHORIZED);
});

describe('a client that does not connect in time is closed:', () => {
  const late: Ending = {
    message: 'Not connected in time',
    body: 'CONNECT was not completed within 1000 ms.',
    close: 'connect-timeout',
  };
  for (const [name, input] of [
    ['with silence', ''],
    ['with half a CONNECT', 'CONNECT\naccept-version:1.2\n'],
    ['with line ends', '\n\r\n\n'],
  ] as const) {
    test(name, async () => {
      const client = await stage.open(`?token=${tokenOf('alice')}`);
      if (input !== '') client.raw(input);
      await assertEnds(client, late);
    });
  }
});

test('a client that agreed to send heart-beats and is silent is closed', async () => {
  const client = await stage.open(`?token=${tokenOf('alice')}`);
  client.send('CONNECT', { 'accept-version': '1.2', 'heart-beat': '200,0' });
  await client.next('CONNECTED');
  await assertEnds(client, {
    message: 'Heart-beat missed',
    body: 'Nothing came for twice the time agreed on by heart-beat.',
    close: 'no-heart-beat',
  });
});
