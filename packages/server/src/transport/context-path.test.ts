import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContextPath } from './context-path.ts';

for (const [pattern, path, own] of [
  ['/*', '/shop/client', '/client'],
  ['/*', '/shop/client/websocket', '/client/websocket'],
  ['/*', '/shop/client/1/client/xhr', '/client/1/client/xhr'],
  ['/*', '/client', undefined],
  ['/*', '/a/b/client', undefined],
  ['/*', '//client', undefined],
  ['/*', '/shop/clients', undefined],
  ['/*', '/shop', undefined],
  ['/**', '/client', '/client'],
  ['/**', '/a/b/c/client/info', '/client/info'],
  ['/shop-*', '/shop-1.2/client', '/client'],
  ['/shop-*', '/shopping/client', undefined],
  ['/shop-*', '/shop-1/2/client', undefined],
  ['/a.c/*', '/abc/x/client', undefined],
  ['/a/**', '/a/b/c/client', '/client'],
  ['/a/**', '/b/client', undefined],
  ['/**', '/api/v1/users/client', undefined],
] as const) {
  test(`${path} under ${pattern} is ${own ?? 'none of it'}`, () => {
    assert.equal(new ContextPath(pattern, '/client').without(path), own);
  });
}
