import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkOf } from './networks.ts';

test('an IPv4 address is one client, however it is written', () => {
  for (const address of ['1.2.3.4', '::ffff:1.2.3.4', '::FFFF:102:304', '0:0:0:0:0:ffff:1.2.3.4']) {
    assert.equal(networkOf(address), '1.2.3.4');
  }
});

test('the /64 network of an IPv6 address is one client', () => {
  for (const address of ['2001:db8::1', '2001:DB8:0:0:ffff::2', '2001:0db8::%eth0', '2001:db8::1.2.3.4']) {
    assert.equal(networkOf(address), '2001:db8:0:0::/64');
  }
  assert.notEqual(networkOf('2001:db8:0:1::1'), networkOf('2001:db8::1'));
  assert.equal(networkOf('::1'), '0:0:0:0::/64');
});

test('what is no address stands for itself, in part', () => {
  assert.equal(networkOf('unknown'), 'unknown');
  assert.equal(networkOf('x'.repeat(1000)).length, 64);
});
