import assert from 'node:assert/strict';
import { test } from 'node:test';
import { all, get, type Op, type Statement } from './statement.ts';
import { together } from './together.ts';

test('operations that run together are asked in step, and each is given its own', () => {
  const seen: unknown[] = [];
  function* two(name: string): Op<void> {
    const [first, second] = [yield* get(`${name} 1`), yield* all(`${name} 2`)];
    seen.push([name, first, second]);
  }
  function* one(name: string): Op<void> {
    seen.push([name, yield* get(`${name} 1`)]);
  }
  // biome-ignore lint/correctness/useYield: it asks nothing
  function* none(): Op<void> {
    seen.push(['none']);
  }
  const asked: string[][] = [];
  const operation = together(two('a'), none(), one('b'));
  let step = operation.next();
  while (!step.done) {
    const texts = textsOf(step.value);
    asked.push(texts);
    step = operation.next(texts.map((text) => `answer to ${text}`));
  }
  assert.deepEqual(asked, [['a 1', 'b 1'], ['a 2']]);
  assert.deepEqual(seen, [['none'], ['b', 'answer to b 1'], ['a', 'answer to a 1', 'answer to a 2']]);
});

function textsOf(statement: Statement): string[] {
  if (statement.wants === 'each-of-these') return statement.statements.flatMap(textsOf);
  return ['sql' in statement ? statement.sql : statement.bulk.sql];
}
