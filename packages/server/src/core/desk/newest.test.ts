import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupMessage } from '../../hub/message-fixture.ts';
import type { Message } from '../model.ts';
import { newestThatFit } from './newest.ts';

function large(seq: number, bytes: number): Message {
  return { ...groupMessage(seq), content: { type: 'custom', text: 'x'.repeat(bytes), extra: null } };
}

test('the newest messages are told as long as they are not too much together, the last one always', () => {
  const seqs = (messages: readonly Message[]) => newestThatFit(messages).map(({ seq }) => seq);
  assert.deepEqual(seqs([1, 2, 3].map((seq) => large(seq, 1000))), [1, 2, 3]);
  assert.deepEqual(seqs([1, 2, 3, 4].map((seq) => large(seq, 100_000))), [3, 4]);
  assert.deepEqual(seqs([large(1, 10), large(2, 300_000)]), [2]);
  assert.deepEqual(seqs([]), []);
});
