import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameReader, frameOf } from './frames.ts';

test('frames are the same in whatever pieces they come', () => {
  const texts = fc.array(fc.string({ unit: 'binary' }));
  const sizes = fc.infiniteStream(fc.integer({ min: 1, max: 9 }));
  fc.assert(
    fc.property(texts, sizes, (written, pieces) => {
      const reader = new FrameReader(1000);
      const bytes = Buffer.concat(written.map(frameOf));
      const found: string[] = [];
      for (let at = 0; at < bytes.length; ) {
        const size = pieces.next().value;
        for (const frame of reader.read(bytes.subarray(at, at + size))) found.push(frame.toString());
        at += size;
      }
      assert.deepEqual(found, written);
    }),
  );
});

test('a frame that is too long is refused by its header, before its bytes are kept', () => {
  const reader = new FrameReader(10);
  assert.deepEqual([...reader.read(frameOf('0123456789'))].map(String), ['0123456789']);
  const header = frameOf('0123456789a').subarray(0, 4);
  assert.throws(() => [...reader.read(header)], /^Error: it wrote 11 bytes as one, of at most 10$/);
});
