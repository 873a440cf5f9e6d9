import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SKIP_POSTGRES, sharedPostgres } from '../../test/support/postgres.ts';
import type { Line } from '../store/postgres/index.ts';
import { run } from './cli-fixture.ts';
import { renderLines } from './doctor-table.ts';

const LINES: readonly Line[] = [
  { what: 'fsync', verdict: 'ok', says: 'on' },
  { what: 'clocks', verdict: 'note', says: '2 s apart', advice: 'set them' },
  { what: 'schema', verdict: 'bad', says: 'old', advice: 'migrate' },
];

test('the table says what is well and what is not, and what to do', () => {
  const expected = `ok    fsync   on
note  clocks  2 s apart
              -> set them
BAD   schema  old
              -> migrate`;
  assert.equal(renderLines(LINES, {}), expected);
});

test('on a terminal it is green where all is well and red where not', (t) => {
  const { NO_COLOR } = process.env;
  t.after(() => {
    if (NO_COLOR !== undefined) process.env.NO_COLOR = NO_COLOR;
  });
  delete process.env.NO_COLOR;
  const [well, , , bad] = renderLines(LINES, { isTTY: true }).split('\n');
  assert.equal(well, '\x1b[32mok  \x1b[0m  fsync   on');
  assert.equal(bad, '\x1b[31mBAD \x1b[0m  schema  old');
});

describe('doctor of PostgreSQL', { skip: SKIP_POSTGRES }, () => {
  const doctor = (store: string, ...args: string[]) =>
    run(['doctor', ...args], { env: { HAINA_STORE: store } });

  test('exits with 0 where all is well, with 1 where something is to be done, and shows no password', async () => {
    const server = await sharedPostgres();
    const store = await server.createDatabase();
    const env = { HAINA_STORE: store };
    assert.equal((await run(['migrate'], { env })).code, 0);
    const whole = await doctor(store);
    assert.deepEqual([whole.code, whole.stderr], [0, '']);
    assert.match(whole.stdout, /^PostgreSQL +127\.0\.0\.1:\d+, database "test_\d+", as "haina"$/m);
    assert.match(whole.stdout, /^messages +0$/m);
    assert.match(whole.stdout, /^findings +none$/m);
    const quick = await doctor(store, '--quick');
    assert.deepEqual([quick.code, quick.stderr], [0, '']);
    assert.match(quick.stdout, /^left out +all other conversations, older messages$/m);
    await server.admin('UPDATE schema_version SET version = 22, usable_from = 22', store);
    const old = await doctor(store, '--quick');
    assert.equal(old.code, 1);
    assert.match(old.stdout, /^BAD +schema .*\n +-> run: haina migrate$/m);
    const missing = await doctor(store.replace(/test_\d+$/, 'none'));
    assert.equal(missing.code, 1);
    assert.match(missing.stdout, /^BAD +reachable .*has no database "none"/m);
    for (const { stdout, stderr } of [whole, quick, old, missing]) {
      assert.doesNotMatch(stdout + stderr, /of the tests|of%20the%20tests/);
    }
  });
});
