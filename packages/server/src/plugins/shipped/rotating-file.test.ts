import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { RotatingFile } from './rotating-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'haina-rotate-'));
after(() => rmSync(folder, { recursive: true }));

test('a full file makes room for a new one, and the oldest goes', () => {
  const path = join(folder, 'deep', 'log');
  const file = new RotatingFile(path, 10, 2);
  for (const line of ['1234', '5678', 'second', 'third', 'a line longer than a file', 'last'])
    file.append(line);
  file.close();
  assert.deepEqual(readdirSync(join(folder, 'deep')).sort(), ['log', 'log.1', 'log.2']);
  assert.equal(readFileSync(path, 'utf8'), 'last\n');
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'a line longer than a file\n');
  assert.equal(readFileSync(`${path}.2`, 'utf8'), 'third\n');
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('what is there already stays, and counts', () => {
  const path = join(folder, 'again');
  for (const line of ['123456', 'abc', 'def']) {
    const file = new RotatingFile(path, 12, 1);
    file.append(line);
    file.close();
  }
  assert.equal(readFileSync(`${path}.1`, 'utf8'), '123456\nabc\n');
  assert.equal(readFileSync(path, 'utf8'), 'def\n');
});

test('where no full files are kept, only the newest lines are there', () => {
  const path = join(folder, 'none');
  const file = new RotatingFile(path, 4, 0);
  for (const line of ['one', 'two']) file.append(line);
  file.close();
  assert.equal(readFileSync(path, 'utf8'), 'two\n');
});
