import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Argon2Hasher } from './passwords.ts';

const hasher = new Argon2Hasher();
const ALICE = { user: 'alice', address: '10.0.0.1' };

test('a password matches its own hash and no other', async () => {
  const hash = await hasher.hash('alice', ALICE);
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  assert.equal(await hasher.verify('alice', hash, ALICE), true);
  assert.equal(await hasher.verify('Alice', hash, ALICE), false);
  assert.equal(await hasher.verify('', hash, ALICE), false);
  assert.notEqual(await hasher.hash('alice', ALICE), hash, 'each hash has its own salt');
});

test('hashes of another cost, as other argon2 programs write them, are verified', async () => {
  // argon2id of "password" with the salt "somesalt", from the test vectors of the reference implementation.
  const hash = '$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc';
  assert.equal(await hasher.verify('password', hash, ALICE), true);
  assert.equal(await hasher.verify('differentpassword', hash, ALICE), false);
});

test('the same letters composed differently are the same password', async () => {
  assert.equal(await hasher.verify('cafe\u0301', await hasher.hash('caf\u00e9', ALICE), ALICE), true);
});

test('nobody is let in without a hash, or by one that is damaged', async () => {
  assert.equal(await hasher.verify('', null, ALICE), false);
  assert.equal(await hasher.verify('x', 'plain', ALICE), false);
  assert.equal(await hasher.verify('x', '', ALICE), false);
});

test('an unknown user costs a derivation like a known one', async () => {
  const hash = await hasher.hash('alice', ALICE);
  const time = async (candidate: string | null) => {
    const start = performance.now();
    for (let i = 0; i < 5; i++) await hasher.verify('wrong', candidate, ALICE);
    return performance.now() - start;
  };
  const [known, unknown] = [await time(hash), await time(null)];
  assert.ok(unknown > known / 3, `${unknown} ms for nobody, ${known} ms for a user`);
});

test('many hashes at once all come to an end', async () => {
  const hashes = await Promise.all(
    ['a', 'b', 'c', 'd', 'e', 'f'].map((password) => hasher.hash(password, ALICE)),
  );
  assert.equal(new Set(hashes).size, 6);
});

test('who hung up before its turn is not hashed', async () => {
  const signal = AbortSignal.abort();
  await assert.rejects(hasher.hash('alice', { ...ALICE, signal }), { code: 'ERATE' });
});
