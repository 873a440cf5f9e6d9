import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Argon2Hasher } from './passwords.ts';

const hasher = new Argon2Hasher();

test('a password matches its own hash and no other', async () => {
  const hash = await hasher.hash('alice');
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  assert.equal(await hasher.verify('alice', hash), true);
  assert.equal(await hasher.verify('Alice', hash), false);
  assert.equal(await hasher.verify('', hash), false);
  assert.notEqual(await hasher.hash('alice'), hash, 'each hash has its own salt');
});

test('hashes of another cost, as other argon2 programs write them, are verified', async () => {
  // argon2id of "password" with the salt "somesalt", from the test vectors of the reference implementation.
  const hash = '$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc';
  assert.equal(await hasher.verify('password', hash), true);
  assert.equal(await hasher.verify('differentpassword', hash), false);
});

test('the same letters composed differently are the same password', async () => {
  assert.equal(await hasher.verify('cafe\u0301', await hasher.hash('caf\u00e9')), true);
});

test('nobody is let in without a hash, or by one that is damaged', async () => {
  assert.equal(await hasher.verify('', null), false);
  assert.equal(await hasher.verify('x', 'plain'), false);
  assert.equal(await hasher.verify('x', ''), false);
});

test('an unknown user costs a derivation like a known one', async () => {
  const hash = await hasher.hash('alice');
  const time = async (candidate: string | null) => {
    const start = performance.now();
    for (let i = 0; i < 5; i++) await hasher.verify('wrong', candidate);
    return performance.now() - start;
  };
  const [known, unknown] = [await time(hash), await time(null)];
  assert.ok(unknown > known / 3, `${unknown} ms for nobody, ${known} ms for a user`);
});

test('many hashes at once all come to an end', async () => {
  const hashes = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((password) => hasher.hash(password)));
  assert.equal(new Set(hashes).size, 6);
});
