import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { PrintedOutput } from './printed-output.ts';

test('what is printed in a second is kept up to a bound, and what is left out is told', () => {
  const output = new PassThrough();
  const told: string[] = [];
  let now = 0;
  const printed = new PrintedOutput([output], () => now);
  output.write('early\n');
  output.read();
  printed.listen((text) => told.push(text));
  for (let i = 0; i < 3; i++) {
    output.write('x'.repeat(30_000));
    output.read();
  }
  now = 1000;
  output.write('later\n');
  output.read();
  assert.deepEqual(
    told.map((text) => (text.startsWith('x') ? text.length : text)),
    ['early', 30_000, 30_000, 5530, '(24470 more characters in that second are left out)', 'later'],
  );
});
