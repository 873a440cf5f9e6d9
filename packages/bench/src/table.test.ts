import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatNumber, formatPercent, formatTable } from './table.ts';

test('a table has names on the left, numbers on the right, and nothing behind the last', () => {
  const rows = [['', 'per second', 'ms'], ['sends', '12', '1.5'], ['a long name', '1,234'], []];
  assert.equal(
    formatTable(rows),
    ['             per second   ms', 'sends                12  1.5', 'a long name       1,234', ''].join(
      '\n',
    ),
  );
});

test('a number has the digits that say something', () => {
  assert.deepEqual([0, 0.123, 1.5, 12.34, 123.4, 12_345.6].map(formatNumber), [
    '0.00',
    '0.12',
    '1.50',
    '12.3',
    '123',
    '12,346',
  ]);
});

test('what is not known is left empty', () => {
  assert.deepEqual([undefined, Number.NaN, Infinity].map(formatNumber), ['', '', '']);
});

test('a ratio is told in whole percents', () => assert.equal(formatPercent(0.666), '67 %'));
