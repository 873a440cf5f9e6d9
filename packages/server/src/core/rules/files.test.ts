import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FileSight, requireContentFile, requirePictureFile, requireReserved } from './files.ts';

const VISIBLE: FileSight = { isVisible: true, isKnown: true };
const OTHERS: FileSight = { isVisible: false, isKnown: true };
const UNKNOWN: FileSight = { isVisible: false, isKnown: false };
const OURS = { id: 'f', field: 'extra.url', isOurs: true };
const ANYWHERE = { ...OURS, isOurs: false };

test('a file that whoever names it may see, or that is not of this server, may be named', () => {
  for (const require of [requireContentFile, requirePictureFile]) {
    require(OURS, VISIBLE);
    require(ANYWHERE, VISIBLE);
    require(ANYWHERE, UNKNOWN);
  }
});

test('a file of this server that is not there, or not in sight, is refused', () => {
  const content = {
    code: 'ENOENT',
    field: 'content',
    message: 'no file f, which content names at extra.url',
  };
  const picture = { code: 'ENOENT', field: 'extra.url', message: 'no file f, which extra.url names' };
  for (const [mention, sight] of [
    [OURS, UNKNOWN],
    [OURS, OTHERS],
    [ANYWHERE, OTHERS],
  ] as const) {
    assert.throws(() => requireContentFile(mention, sight), content);
    assert.throws(() => requirePictureFile(mention, sight), picture);
  }
});

test('the bytes of an upload that waits no more are refused', () => {
  requireReserved(true);
  assert.throws(() => requireReserved(false), {
    code: 'ENOENT',
    field: 'id',
    message: 'the upload took too long',
  });
});
