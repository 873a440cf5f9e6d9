import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stageWithHealthyPair } from './support/healthy-pair.ts';
import { tokenOf } from './support/token.ts';

const ADMIN = tokenOf('admin', { role: 'admin' });
const USERS = '/api/v1/users';

const stage = stageWithHealthyPair();

async function post(
  path: string,
  body: string | Buffer,
  token = ADMIN,
): Promise<[status: number, body: unknown]> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(stage.server.url + path, { method: 'POST', headers, body });
  return [response.status, await response.json()];
}

const user = (change: object) => JSON.stringify({ id: 'dave', username: 'dave', ...change });
const NOT_JSON = { code: 'EINVAL', message: 'the body is not valid JSON, or has a key such as __proto__' };
const TOO_SMALL = { code: 'EINVAL', message: 'uid must be at least 1', field: 'uid', limit: 1 };
const TOO_LARGE = {
  code: 'EINVAL',
  message: 'uid must be at most 4503599627370496',
  field: 'uid',
  limit: 2 ** 52,
};

describe('the API refuses a body and makes nobody of it, the body being', () => {
  const cases: readonly [name: string, body: string | Buffer, status: number, answer: object][] = [
    ['no JSON', '{"id":', 400, NOT_JSON],
    [
      'deep arrays',
      '['.repeat(200_000) + ']'.repeat(200_000),
      400,
      { code: 'EINVAL', message: 'the body must be object' },
    ],
    ['null', 'null', 400, { code: 'EINVAL', message: 'the body must be object' }],
    ['an array', '[]', 400, { code: 'EINVAL', message: 'the body must be object' }],
    ['with a prototype', '{"id":"dave","username":"dave","__proto__":{"role":"admin"}}', 400, NOT_JSON],
    [
      'with a hidden prototype',
      '{"id":"dave","username":"dave","__pr\\u006fto__":{"role":"admin"}}',
      400,
      NOT_JSON,
    ],
    [
      'too large',
      user({ avatar: 'x'.repeat(2 ** 20) }),
      413,
      { code: 'ETOOLONG', message: 'the body is larger than the server allows' },
    ],
    [
      'with half a character',
      user({ nickname: '\ud83d' }),
      400,
      { code: 'EINVAL', message: 'nickname is not valid Unicode', field: 'nickname' },
    ],
    [
      'with an id that can not be',
      user({ id: '../bob' }),
      400,
      { code: 'EINVAL', message: 'id must be 1 to 64 letters, digits or any of _ . @ -', field: 'id' },
    ],
    ['with uid 0', user({ uid: 0 }), 400, TOO_SMALL],
    ['with a uid below 0', user({ uid: -1 }), 400, TOO_SMALL],
    ['with a uid after which there are no more', user({ uid: Number.MAX_SAFE_INTEGER }), 400, TOO_LARGE],
    ['with an endless uid', '{"username":"dave","uid":1e300}', 400, TOO_LARGE],
  ];
  for (const [name, body, status, answer] of cases) {
    test(name, async () => {
      assert.deepEqual(await post(USERS, body), [status, answer]);
      assert.equal((await stage.server.call('GET', `${USERS}/dave`, ADMIN)).status, 404);
    });
  }
});

test('users can still be made after one with the highest uid', async () => {
  assert.equal((await post(USERS, user({ id: 'highest', username: 'highest', uid: 2 ** 52 })))[0], 201);
  assert.equal((await stage.server.call('GET', `${USERS}/me`, tokenOf('newcomer'))).status, 200);
});

describe('the API asks for a token that is good, and gives', () => {
  const forged = tokenOf('admin', { role: 'admin' }, 'x'.repeat(32));
  const cases: readonly [name: string, token: string, status: number, code: string][] = [
    ['401 to a forged one', forged, 401, 'EAUTH'],
    ['401 to an expired one', tokenOf('admin', { role: 'admin', exp: 1 }), 401, 'EAUTH'],
    ['401 to none', '', 401, 'EAUTH'],
    ["403 to a user's", tokenOf('alice'), 403, 'EPERM'],
  ];
  for (const [name, token, status, code] of cases) {
    test(name, async () => {
      const [got, body] = await post(USERS, user({}), token);
      assert.deepEqual([got, (body as { code: string }).code], [status, code]);
    });
  }
});
