import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

/** Who makes refusals by itself all the same. An entry goes once it is not true any more: the test tells. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'sql/calls.ts': 'builds anew in one thread what a rule threw in another',
};

test('the store asks the rules of the core, and refuses nothing by itself', () => {
  const files = globSync('**/*.ts', { cwd: import.meta.dirname }).filter(
    (file) => !file.endsWith('.test.ts'),
  );
  const refusing = files.filter((file) => {
    const source = readFileSync(`${import.meta.dirname}/${file}`, 'utf8');
    return /\bnew\s+DomainError\b|\bextends\s+DomainError\b/.test(source);
  });
  assert.deepEqual(refusing.sort(), Object.keys(EXCEPTIONS).sort());
});
