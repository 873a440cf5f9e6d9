import assert from 'node:assert/strict';
import {
  appendFileSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
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

test('where no room can be made, the full file grows on, which is told once, until it can again', () => {
  const path = join(folder, 'stuck');
  const told: Error[] = [];
  const file = new RotatingFile(path, 4, 1, (error) => told.push(error));
  // A folder with something in it can't be replaced by a file.
  mkdirSync(join(`${path}.1`, 'in the way'), { recursive: true });
  for (const line of ['one', 'two', 'three']) file.append(line);
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\nthree\n');
  assert.equal(told.length, 1);
  rmSync(`${path}.1`, { recursive: true });
  file.append('four');
  file.close();
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'one\ntwo\nthree\n');
  assert.equal(readFileSync(path, 'utf8'), 'four\n');
});

test('no descriptor but its own is ever closed, whatever fails', () => {
  const inside = join(folder, 'in');
  const path = join(inside, 'way');
  const file = new RotatingFile(path, 4, 1);
  file.append('one');
  rmSync(inside, { recursive: true });
  // A file where the folder has to be: neither opening nor making room works.
  writeFileSync(inside, '');
  const others = Array.from({ length: 5 }, () => {
    assert.throws(() => file.append('two'));
    return openSync(inside, 'r');
  });
  file.close();
  file.close();
  for (const other of others) fstatSync(other);
});

test('a file whose folder was removed is made again, and one that was renamed is not followed', () => {
  const inside = join(folder, 'gone');
  const path = join(inside, 'log');
  const file = new RotatingFile(path, 100, 1);
  file.append('one');
  rmSync(inside, { recursive: true });
  file.append('two');
  assert.equal(readFileSync(path, 'utf8'), 'two\n');
  renameSync(path, `${path}.moved`);
  file.append('three');
  file.close();
  assert.equal(readFileSync(path, 'utf8'), 'three\n');
});

test('a line after a torn one is a line of its own', () => {
  const path = join(folder, 'torn');
  appendFileSync(path, 'whole\n{"at":1');
  const file = new RotatingFile(path, 1000, 1);
  for (const line of ['next', 'last']) file.append(line);
  file.close();
  assert.equal(readFileSync(path, 'utf8'), 'whole\n{"at":1\nnext\nlast\n');
});
