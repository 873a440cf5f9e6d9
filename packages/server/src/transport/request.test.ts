import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { addressedHost, addressedScheme, clientAddress, parseTarget } from './request.ts';

describe('parseTarget', () => {
  for (const [url, path, query] of [
    ['/a/b', '/a/b', ''],
    ['/a?b=c?d', '/a', 'b=c?d'],
    ['http://host:1/a?b', '/a', 'b'],
    ['http://host', '/', ''],
    ['//a', '//a', ''],
    ['', '/', ''],
    ['*', '*', ''],
  ] as const) {
    it(`splits "${url}"`, () => assert.deepEqual(parseTarget(url), { path, query }));
  }
});

describe('clientAddress', () => {
  const from = (peer: string, forwarded?: string): IncomingMessage =>
    ({
      socket: { remoteAddress: peer },
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    }) as unknown as IncomingMessage;

  it('is the peer’s if no proxy is trusted, whatever the client claims', () => {
    assert.equal(clientAddress(from('10.0.0.1', '1.2.3.4'), 0), '10.0.0.1');
    assert.equal(clientAddress(from('::ffff:10.0.0.1'), 0), '10.0.0.1');
  });

  it('is what the outermost trusted proxy saw', () => {
    assert.equal(clientAddress(from('10.0.0.1', '6.6.6.6, 1.2.3.4'), 1), '1.2.3.4');
    assert.equal(clientAddress(from('10.0.0.1', '6.6.6.6, 1.2.3.4, 10.0.0.2'), 2), '1.2.3.4');
    assert.equal(clientAddress(from('10.0.0.1', '1.2.3.4'), 5), '1.2.3.4');
    assert.equal(clientAddress(from('10.0.0.1'), 1), '10.0.0.1');
  });
});

describe('a forwarded address with a port', () => {
  for (const [hop, address] of [
    ['8.8.8.8:1000', '8.8.8.8'],
    ['8.8.8.8', '8.8.8.8'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:8.8.8.8', '8.8.8.8'],
    ['[::ffff:8.8.8.8]:1', '8.8.8.8'],
    ['unknown', 'unknown'],
  ] as const) {
    it(`${hop} is ${address}`, () => {
      const socket = { remoteAddress: '10.0.0.1' };
      const request = { socket, headers: { 'x-forwarded-for': hop } } as unknown as IncomingMessage;
      assert.equal(clientAddress(request, 1), address);
    });
  }
});

describe('addressedHost', () => {
  it('believes a proxy only if there is one to trust', () => {
    const headers = { host: 'inside:1', 'x-forwarded-host': 'chat.example' };
    assert.equal(addressedHost(headers, 0), 'inside:1');
    assert.equal(addressedHost(headers, 1), 'chat.example');
    assert.equal(addressedHost({ host: 'inside:1' }, 1), 'inside:1');
  });
});

describe('addressedScheme', () => {
  for (const [forwarded, proxies, scheme] of [
    ['https', 0, undefined],
    [undefined, 1, undefined],
    ['https', 1, 'https'],
    ['HTTP', 1, 'http'],
    ['wss', 1, 'https'],
    ['https, http', 1, 'http'],
    ['https, http', 2, 'https'],
    ['gopher', 1, undefined],
  ] as const) {
    it(`is ${scheme ?? 'unknown'} where ${proxies} proxies say ${forwarded ?? 'nothing'}`, () => {
      const headers = forwarded === undefined ? {} : { 'x-forwarded-proto': forwarded };
      assert.equal(addressedScheme(headers, proxies), scheme);
    });
  }
});
