import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DomainError } from './errors.ts';
import { isGivenTime, isoTime, MAX_TIME, requireTime } from './time.ts';

test('a time that a Date can not hold is refused, naming the field', () => {
  assert.equal(requireTime(MAX_TIME, 'at'), MAX_TIME);
  for (const time of [MAX_TIME + 1, Number.MAX_SAFE_INTEGER, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => requireTime(time, 'at'),
      (error) => error instanceof DomainError && error.code === 'EINVAL' && error.field === 'at',
      String(time),
    );
  }
});

test('times of other systems are ISO 8601 or milliseconds, within what a Date can hold', () => {
  const good = [
    0,
    '1767225600000',
    '2026-01-20T10:00:00Z',
    '2026-01-20T10:00:00.123456789+08:00',
    '2026-01-20T10:00:00+08:00[Asia/Shanghai]',
    '2026-01-20 10:00:00',
    '2026-01-20',
    '2026-01-20T10:00:00.123+0800',
    '8640000000000000',
  ];
  for (const value of good) assert.equal(isGivenTime(value), true, String(value));
  const bad = [
    MAX_TIME + 1,
    -1,
    '9007199254740991',
    '8640000000000001',
    'foo 1',
    '2026-01-20T10:00:00Z and more',
    'Jan 20, 2026',
    '2026-13-40T10:00:00Z',
    '',
  ];
  for (const value of bad) assert.equal(isGivenTime(value), false, String(value));
});

test('any number of milliseconds can be told', () => {
  assert.equal(isoTime(0), '1970-01-01T00:00:00.000Z');
  assert.equal(isoTime(Number.MAX_SAFE_INTEGER), '+275760-09-13T00:00:00.000Z');
});
