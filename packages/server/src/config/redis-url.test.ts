import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from './load.ts';
import { printConfig } from './print.ts';
import { parseRedisUrl } from './redis-url.ts';
import { StartError } from './start-error.ts';

test('there is no Redis unless set', () => {
  assert.equal(loadConfig({}).config.redisUrl, undefined);
});

test('a URL tells everything about the connection, percent-encoded where it must be', () => {
  assert.deepEqual(parseRedisUrl('redis://cache.test'), {
    host: 'cache.test',
    port: 6379,
    user: undefined,
    password: undefined,
    database: 0,
    isTls: false,
    caFile: undefined,
    certFile: undefined,
    keyFile: undefined,
  });
  assert.deepEqual(
    parseRedisUrl('rediss://h%40i:p%2F%40%23@[::1]:6380/3?cacert=/etc/ca%20s.pem&cert=c.pem&key=k.pem'),
    {
      host: '::1',
      port: 6380,
      user: 'h@i',
      password: 'p/@#',
      database: 3,
      isTls: true,
      caFile: '/etc/ca s.pem',
      certFile: 'c.pem',
      keyFile: 'k.pem',
    },
  );
  assert.equal(parseRedisUrl('redis://:secret@cache.test').password, 'secret');
});

for (const [url, fault] of [
  ['http://me:hunter2@cache.test', /^must be a URL redis:/],
  ['cache.test:6379', /^must be a URL redis:/],
  ['redis://:hunter2@', /^is no URL /],
  ['redis://:hun/ter2@cache.test', /^is no URL /],
  ['redis://:hunter2#@cache.test', /^is no URL /],
  ['redis://:hunter2@cache.test:65536', /^is no URL /],
  ['redis://:hunter2@cache.test:0', /^has the port 0$/],
  ['redis://:hunter2%@cache.test', /^has a % that is not followed/],
  ['redis://me@cache.test', /^has a user without a password/],
  ['redis://:hunter2@cache.test/zero', /^needs the number of a database/],
  ['redis://:hunter2@cache.test?db=2', /^has the unknown parameter "db"/],
  ['redis://:hunter2@cache.test?cacert=a', /^has the parameter cacert, which only rediss/],
  ['rediss://:hunter2@cache.test?cacert=a&cacert=b', /^has the parameter cacert twice$/],
  ['rediss://:hunter2@cache.test?cacert=', /^has the parameter cacert without a value$/],
  ['rediss://:hunter2@cache.test?cert=a', /^needs cert and key together$/],
] as const) {
  test(`the URL ${url} is refused, and its password not shown`, () => {
    assert.throws(() => parseRedisUrl(url), { name: 'RedisUrlFault', message: fault });
    assert.throws(
      () => loadConfig({ env: { HAINA_REDIS_URL: url } }),
      (error: unknown) =>
        error instanceof StartError &&
        error.message.startsWith('the setting redisUrl ') &&
        error.message.endsWith('its value (not shown) came from variable HAINA_REDIS_URL') &&
        !error.message.includes('hunter2'),
    );
  });
}

test('a printed configuration hides the password', () => {
  const printed = printConfig(loadConfig({ env: { HAINA_REDIS_URL: 'redis://me:hunter2@cache.test/1' } }));
  assert.match(printed, /redis:\/\/me:\*+@cache\.test\/1/);
  assert.doesNotMatch(printed, /hunter2/);
});
