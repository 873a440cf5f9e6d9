import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { framePolicy, isOriginAllowed } from './origin.ts';

const HOST = 'chat.example:8080';
const LIST = ['https://friend.example', 'null'];

describe('isOriginAllowed', () => {
  for (const [what, headers, sameOrigin, list] of [
    ['a program', {}, true, true],
    ['the same host', { origin: 'http://chat.example:8080' }, true, true],
    ['the same host behind TLS', { origin: 'https://Chat.Example:8080' }, true, true],
    ['another port', { origin: 'http://chat.example' }, false, false],
    ['another host', { origin: 'https://foe.example' }, false, false],
    ['a listed origin', { origin: 'https://friend.example' }, false, true],
    ['a listed origin in capitals', { origin: 'https://FRIEND.example' }, false, true],
    ['a listed host with another scheme', { origin: 'http://friend.example' }, false, false],
    ['a file, where listed', { origin: 'null' }, false, true],
    [
      'another host, as drafts of the protocol say it',
      { 'sec-websocket-origin': 'http://foe' },
      false,
      false,
    ],
    ['nonsense', { origin: '///' }, false, false],
    ['a script of the same origin', { 'sec-fetch-site': 'same-origin' }, true, true],
    [
      'a script of a foreign page',
      { 'sec-fetch-site': 'cross-site', referer: 'https://foe.example/x' },
      false,
      false,
    ],
    [
      'a script of a listed page',
      { 'sec-fetch-site': 'cross-site', referer: 'https://friend.example/x' },
      false,
      true,
    ],
  ] as const) {
    it(`judges ${what}`, () => {
      assert.equal(isOriginAllowed(headers, HOST, 'same-origin'), sameOrigin);
      assert.equal(isOriginAllowed(headers, HOST, LIST), list);
      assert.equal(isOriginAllowed(headers, HOST, '*'), true);
    });
  }

  it('gives a foreign page that hides itself no name', () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    assert.equal(isOriginAllowed(headers, HOST, ['https://friend.example']), false);
  });
});

describe('a page of the same host', () => {
  for (const [origin, host, scheme, allowed] of [
    ['http://chat.example', 'chat.example', 'https', false],
    ['https://chat.example', 'chat.example', 'https', true],
    ['https://chat.example', 'chat.example:443', 'https', true],
    ['https://chat.example', 'chat.example', 'http', false],
    ['http://chat.example', 'chat.example:80', undefined, true],
    ['https://chat.example', 'chat.example:80', undefined, false],
    ['ftp://chat.example', 'chat.example', undefined, false],
    ['chrome-extension://chat.example', 'chat.example', undefined, false],
  ] as const) {
    it(`of ${origin} is ${allowed ? 'let in' : 'refused'} at ${host} by ${scheme ?? 'an unknown scheme'}`, () => {
      assert.equal(isOriginAllowed({ origin }, host, 'same-origin', scheme), allowed);
    });
  }
});

describe('framePolicy', () => {
  it('lets in who may connect', () => {
    assert.equal(framePolicy('*'), undefined);
    assert.equal(framePolicy('same-origin'), "frame-ancestors 'self'");
    assert.equal(framePolicy(['https://a.example']), "frame-ancestors 'self' https://a.example");
  });
});
