import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Teardown } from './teardown.ts';

interface Line {
  readonly step: string;
  readonly err: Error;
}

function create(time = 10_000) {
  const done: string[] = [];
  const lines: Line[] = [];
  const log = { error: (line: Line) => lines.push(line) };
  const teardown = new Teardown(log as unknown as ConstructorParameters<typeof Teardown>[0], time);
  const step = (name: string) => teardown.defer(name, () => done.push(name));
  return { done, lines, teardown, step };
}

test('steps are undone in reverse order, each once the one before it is done', async () => {
  const { done, teardown, step } = create();
  step('store');
  teardown.defer('slow', async () => {
    await new Promise((resolve) => setImmediate(resolve));
    done.push('slow');
  });
  step('door');
  assert.deepEqual(await teardown.run(), []);
  assert.deepEqual(done, ['door', 'slow', 'store']);
});

test('a step that fails is logged and named, and all others run', async () => {
  const { done, lines, teardown, step } = create();
  step('store');
  teardown.defer('rejects', () => Promise.reject(new Error('no')));
  step('files');
  teardown.defer('throws', () => {
    throw new Error('not either');
  });
  assert.deepEqual(await teardown.run(), ['throws', 'rejects']);
  assert.deepEqual(done, ['files', 'store']);
  assert.deepEqual(
    lines.map(({ step, err }) => [step, err.message]),
    [
      ['throws', 'not either'],
      ['rejects', 'no'],
    ],
  );
});

test('a step that hangs is given up, and what comes after it still runs', async () => {
  const { done, lines, teardown, step } = create(0);
  step('store');
  teardown.defer('hangs', () => new Promise(() => {}));
  assert.deepEqual(await teardown.run(), ['hangs']);
  assert.deepEqual(done, ['store']);
  assert.match(lines[0]?.err.message ?? '', /^not done after \d+ ms$/);
});

test('a step may be given more time than there is for all of them', async () => {
  const { done, teardown } = create(0);
  teardown.defer(
    'patient',
    () => new Promise((resolve) => setTimeout(resolve, 150)).then(() => done.push('patient')),
    60_000,
  );
  assert.deepEqual(await teardown.run(), []);
  assert.deepEqual(done, ['patient']);
});

test('a second wish to stop is the first', async () => {
  const { done, teardown, step } = create();
  step('store');
  assert.equal(teardown.run(), teardown.run());
  await teardown.run();
  assert.deepEqual(done, ['store']);
});
