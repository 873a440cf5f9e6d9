import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

const PRELUDE = `
  import { endOnBugs, stopOnSignals } from ${JSON.stringify(new URL('./lifecycle.ts', import.meta.url).href)};
  import { createLogger } from ${JSON.stringify(new URL('../observe/logger.ts', import.meta.url).href)};
  const log = await createLogger({ logLevel: 'info', logFormat: 'json' });
  setInterval(() => {}, 1e6);
`;

/** Runs a program of its own with the functions under test. */
function program(code: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PRELUDE + code], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([exitCode]) => ({ exitCode, stderr }));
  return { child, ended, printed: once(child.stdout, 'data') };
}

for (const [what, code] of [
  ['a rejection that nobody handles', 'endOnBugs(log); Promise.reject(new Error("oops"));'],
  ['an exception that nobody catches', 'endOnBugs(log); setImmediate(() => { throw new Error("oops"); });'],
  [
    'a stop that fails',
    'stopOnSignals(() => Promise.reject(new Error("oops")), log); process.kill(process.pid, "SIGTERM");',
  ],
] as const) {
  test(`${what} is logged and ends the process with 1`, async () => {
    const { exitCode, stderr } = await program(code).ended;
    assert.equal(exitCode, 1);
    const line = JSON.parse(stderr);
    assert.deepEqual([line.level, line.err.message], ['fatal', 'oops']);
  });
}

test('a second wish to stop is not kept waiting by a stop that hangs', async () => {
  const { child, ended, printed } = program(
    'stopOnSignals(() => new Promise(() => console.log("stopping")), log, { sameWishMs: 0 }); process.kill(process.pid, "SIGINT");',
  );
  await printed;
  child.kill('SIGTERM');
  assert.deepEqual(await ended, { exitCode: 1, stderr: 'haina: SIGTERM again: not waiting any longer\n' });
});

test('a second wish to stop ends the waiting for the clients, and the stop goes on', async () => {
  const { child, ended, printed } = program(`
    const waiting = Promise.withResolvers();
    const hurry = () => { waiting.resolve(); return true; };
    const stop = () => { console.log("stopping"); return waiting.promise; };
    stopOnSignals(stop, log, { sameWishMs: 0, hurry });
    process.kill(process.pid, "SIGINT");
  `);
  await printed;
  child.kill('SIGTERM');
  assert.deepEqual(await ended, { exitCode: 0, stderr: '' });
});

test('a stop that hangs is given up', async () => {
  const { ended } = program(
    'stopOnSignals(() => new Promise(() => {}), log, { timeoutMs: 50 }); process.kill(process.pid, "SIGINT");',
  );
  assert.deepEqual(await ended, { exitCode: 1, stderr: 'haina: not stopped after 0.05 s: giving up\n' });
});
