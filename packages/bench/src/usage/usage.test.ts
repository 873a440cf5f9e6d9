import assert from 'node:assert/strict';
import { endianness } from 'node:os';
import { test } from 'node:test';
import { cpuOf, cpuOfFamily, parseCpu, TELLS_CPU } from './cpu.ts';
import { costOf } from './usage.ts';
import { WalCounter } from './wal-watch.ts';

const NOTHING = { cpu: 0, writer: 0, database: undefined, walBytes: 0, walPages: 0 };

test('a message costs what was used between, in µs', () => {
  const after = { ...NOTHING, cpu: 50, writer: 20, walBytes: 8000, walPages: 2 };
  assert.deepEqual(costOf(NOTHING, after, 1000), {
    cpu: 50,
    writer: 20,
    database: undefined,
    walBytes: 8,
    walPages: 0.002,
  });
});

test('what no message took is not known', () => {
  assert.equal(costOf(NOTHING, { ...NOTHING, cpu: 50 }, 0).cpu, undefined);
});

test('processor time is found behind a name that looks like more fields', () => {
  const stat = '42 (a) S 1 2 (b) S 1 2 3 4 5 6 7 8 9 10 7 5 2 1 20 0 3';
  assert.equal(parseCpu(stat), 150);
});

test('what a process had of the processor grows with its work', { skip: !TELLS_CPU }, () => {
  const before = cpuOf(process.pid);
  while (cpuOf(process.pid) < before + 50);
  assert.ok(cpuOfFamily(process.pid) >= before + 50);
});

test('pages of a log that begins anew are added to those before', () => {
  const counter = new WalCounter();
  // What was there before the first look does not count.
  for (const [salt, frames] of [
    [1, 10],
    [1, 12],
    [1, 12],
    [2, 3],
    [2, 5],
  ]) {
    counter.look(header(salt as number, frames as number));
  }
  assert.equal(counter.pages, 2 + 5);
});

function header(salt: number, frames: number): Buffer {
  const buffer = Buffer.alloc(48);
  const write = (value: number, at: number) =>
    endianness() === 'LE' ? buffer.writeUInt32LE(value, at) : buffer.writeUInt32BE(value, at);
  write(frames, 16);
  write(salt, 32);
  return buffer;
}
