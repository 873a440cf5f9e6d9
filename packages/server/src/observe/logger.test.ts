import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../config/settings.ts';
import { createLogger } from './logger.ts';
import { redactText } from './redact.ts';

async function logged(
  write: (logger: Awaited<ReturnType<typeof createLogger>>) => void,
  config: Pick<Config, 'logLevel' | 'logFormat'> = { logLevel: 'debug', logFormat: 'json' },
): Promise<string> {
  const lines: string[] = [];
  write(await createLogger(config, { write: (line) => lines.push(line) }));
  return lines.join('');
}

test('json lines have level, time and message', async () => {
  const line = JSON.parse(await logged((log) => log.info({ port: 8080 }, 'hello')));
  assert.deepEqual([line.level, line.msg, line.port], ['info', 'hello', 8080]);
  assert.match(line.time, /^\d{4}-\d\d-\d\dT/);
});

test('pretty lines are for people', async () => {
  const text = await logged((log) => log.warn('hello'), { logLevel: 'info', logFormat: 'pretty' });
  assert.match(text, /^\[\d\d:\d\d:\d\d\.\d{3}\] .*WARN.*: hello\n$/s);
});

test('lines below the level are left out', async () => {
  assert.equal(await logged((log) => log.info('hello'), { logLevel: 'warn', logFormat: 'json' }), '');
});

test('a storm of one failure is one line, and others are not held up by it', async () => {
  const text = await logged((log) => {
    for (let i = 0; i < 100; i++)
      log.error({ err: new Error('disk full'), dialect: 'im' }, 'a command failed');
    log.error({ err: new Error('disk full'), dialect: 'xuqm' }, 'a command failed');
    log.child({}).error({ err: new Error('disk full'), dialect: 'im' }, 'a command failed');
    for (let i = 0; i < 3; i++) log.info('hello');
  });
  const lines = text.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).dialect),
    ['im', 'xuqm', undefined, undefined, undefined],
  );
});

for (const logFormat of ['json', 'pretty'] as const) {
  test(`tokens, passwords and secrets do not reach the ${logFormat} log`, async () => {
    const text = await logged(
      (log) => {
        log.info({ token: 'hush', password: 'hush', body: { password: 'hush', deep: { srect: 'hush' } } });
        log.info({
          req: { headers: { authorization: 'Bearer hush', cookie: 'hush' } },
          config: { secret: 'hush' },
        });
        log.info({ url: '/ws/im?a=1&token=hush&b=2' });
        log.error({
          err: new Error('GET https://x.test/?userSig=hush failed', { cause: { password: 'x' } }),
        });
      },
      { logLevel: 'debug', logFormat },
    );
    assert.doesNotMatch(text, /hush/);
    assert.match(text, /\/ws\/im\?a=1&token=\[redacted\]&b=2/);
  });
}

test('every name of a token in a query is blanked, and nothing else', () => {
  assert.equal(
    redactText('/a?token=x&srect=y&userSig=z&access_token=w&Token=v#f'),
    '/a?token=[redacted]&srect=[redacted]&userSig=[redacted]&access_token=[redacted]&Token=[redacted]#f',
  );
  assert.equal(redactText('/a?notoken=x&tokens=y'), '/a?notoken=x&tokens=y');
  assert.equal(redactText('authorization: Bearer abc.def'), 'authorization: Bearer [redacted]');
  assert.equal(
    redactText('{"err":"can not open postgres://me:a@b/c@db.test/haina"}'),
    '{"err":"can not open postgres://me:[redacted]@db.test/haina"}',
  );
});
