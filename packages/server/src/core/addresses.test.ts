import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireAddress, requireSafeLink } from './addresses.ts';

const SHOWN = [
  '',
  'http://example.com/a.png',
  'HTTPS://example.com',
  'https://例子.测试/图.png?x=1&y=%20#z',
  'https://[2001:db8::1]:8443/a',
  '/files/01a1f9dd-0306-7537-93d0-368d80be1d86',
  '/abc/efg/h.jpg',
  '/',
];
for (const address of SHOWN) {
  test(`${JSON.stringify(address)} may be shown`, () =>
    assert.equal(requireAddress(address, 'avatar'), address));
}

const REFUSED = [
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  ' javascript:alert(1)',
  'java\nscript:alert(1)',
  'data:image/png;base64,AA',
  'file:///etc/passwd',
  'vbscript:x',
  'blob:https://x/1',
  'ftp://example.com/a',
  '//evil.example/a',
  '/\\evil.example/a',
  '/\t/evil.example',
  '/a"onerror="alert(1)',
  'https://x/<script>',
  'https://',
  'https:///x',
  'https:x',
  'http://x/a b',
  'http://x/\0',
  'http://x/\u202egnp.exe',
  'photo.png',
  '../photo.png',
  ' ',
];
for (const address of REFUSED) {
  test(`${JSON.stringify(address)} is refused`, () => {
    assert.throws(() => requireAddress(address, 'avatar'), { code: 'EINVAL', field: 'avatar' });
  });
}

test('an address has a bounded length', () => {
  assert.throws(() => requireAddress(`/${'x'.repeat(2048)}`, 'avatar'), { code: 'ETOOLONG', limit: 2048 });
});

test('a link of an application may be anything but what runs or reads something where it is opened', () => {
  for (const link of ['view_messages', 'myapp://chat/1', 'photos/1.jpg', 'https://example.com', 'a: b']) {
    assert.equal(requireSafeLink(link, 'action'), link);
  }
  for (const link of ['javascript:x', ' \u0001Java\tScript :x', 'data:text/html,x', 'file:///x']) {
    assert.throws(() => requireSafeLink(link, 'action'), { code: 'EINVAL', field: 'action' });
  }
});
