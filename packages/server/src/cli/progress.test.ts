import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProgressBar } from './progress.ts';

const MIB = 1024 ** 2;

function outputOf(isTTY: boolean) {
  const seen = { written: '', lines: [] as string[], at: 0 };
  const terminal = {
    isTTY,
    write(text: unknown): boolean {
      seen.written += text;
      return true;
    },
  };
  const bar = new ProgressBar({
    terminal: terminal as never,
    line: (text) => seen.lines.push(text),
    now: () => seen.at,
  });
  return { seen, bar };
}

test('without a terminal there is a line when a part is done, and one now and then before', () => {
  const { seen, bar } = outputOf(false);
  bar.begin('database', 100 * MIB);
  for (let mib = 1; mib <= 100; mib++) {
    seen.at += 250;
    bar.reach(mib * MIB);
  }
  bar.end();
  bar.begin('check');
  seen.at += 1500;
  bar.end();
  assert.equal(seen.written, '');
  assert.deepEqual(seen.lines, [
    'database: 40 %, 40.0 MiB of 100.0 MiB',
    'database: 80 %, 80.0 MiB of 100.0 MiB',
    'database: 100.0 MiB in 25.0 s',
    'check: 1.5 s',
  ]);
});

test('on a terminal there is a bar, which goes away at the end', () => {
  const { seen, bar } = outputOf(true);
  bar.begin('files', 10 * MIB);
  seen.at += 1000;
  bar.reach(5 * MIB);
  assert.ok(seen.written.endsWith('\r\x1b[Kfiles  [############............] 50 %, 5.0 MiB of 10.0 MiB'));
  bar.end();
  assert.ok(seen.written.endsWith('\r\x1b[K'));
  assert.deepEqual(seen.lines, ['files: 5.0 MiB in 1.0 s']);
});
