import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toFileName } from './file-name.ts';

const NAMES: Readonly<Record<string, string>> = {
  'photo.jpg': 'photo.jpg',
  '报告 1.pdf': '报告 1.pdf',
  '../../etc/passwd': 'passwd',
  'C:\\Users\\alice\\photo.jpg': 'photo.jpg',
  '/etc/': 'file',
  '..': 'file',
  '.': 'file',
  '': 'file',
  ' \t': 'file',
  'a\0b\r\nc.txt': 'abc.txt',
  'photo\u202egpj.exe': 'photogpj.exe',
  '.profile': '.profile',
};

for (const [given, name] of Object.entries(NAMES)) {
  test(`${JSON.stringify(given)} is called ${name}`, () => assert.equal(toFileName(given), name));
}

test('a name that is too long, or no Unicode, is refused', () => {
  assert.throws(() => toFileName('x'.repeat(256)), { code: 'ETOOLONG', field: 'file', limit: 255 });
  assert.throws(() => toFileName('\ud800.txt'), { code: 'EINVAL', field: 'file' });
});
