import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from './load.ts';
import { findDemoSecret, requireSafeKeys, withDemoSecret } from './secrets.ts';
import { StartError } from './start-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'haina-secrets-'));
after(() => rmSync(folder, { recursive: true }));

const STRONG = 'q7Zt2mX9vLr4Kc8sWb1nYd6fHj3gPa5e';

function production(env: Record<string, string>): () => void {
  return () => requireSafeKeys(loadConfig({ env }).config);
}

test('production needs a secret, a public key or a key set', () => {
  assert.throws(
    production({}),
    (error) => error instanceof StartError && /no key to check tokens/.test(error.message),
  );
  assert.doesNotThrow(production({ HAINA_SECRET: STRONG }));
  assert.doesNotThrow(production({ HAINA_PUBLIC_KEY_FILE: 'key.pem' }));
  assert.doesNotThrow(production({ HAINA_JWKS_URL: 'https://keys.test/jwks' }));
});

for (const [secret, reason] of [
  ['short-but-good-0x7Zq', /has 20 bytes, 32 or more/],
  ['a-string-secret-at-least-256-bits-long', /everybody knows/],
  ['your-256-bit-secret-your-256-bit-secret', /everybody knows/],
  ['change-me-change-me-change-me-change-me', /everybody knows/],
  ['abababababababababababababababababab', /too few different/],
] as const) {
  test(`production refuses the secret ${secret}`, () => {
    assert.throws(production({ HAINA_SECRET: secret }), (error: Error) => {
      assert.match(error.message, reason);
      assert.doesNotMatch(error.message, new RegExp(secret));
      return true;
    });
  });
}

test('demo mode takes any secret, and makes its own only where none is set', () => {
  const { config } = loadConfig({ env: { HAINA_DEMO: '1', HAINA_SECRET: 'x', HAINA_DATA_DIR: folder } });
  assert.doesNotThrow(() => requireSafeKeys(config));
  assert.equal(withDemoSecret(config).secret, 'x');
  assert.equal(findDemoSecret(folder), undefined);
});

test('production gets no demo secret', () => {
  assert.equal(withDemoSecret(loadConfig({}).config).secret, undefined);
});

test('the demo secret stays the same over starts and is for the owner only', () => {
  const dataDir = join(folder, 'new', 'data');
  const { config } = loadConfig({ flags: { demo: 'true', dataDir } });
  const first = withDemoSecret(config).secret;
  assert.ok(first && first.length >= 64);
  assert.equal(withDemoSecret(config).secret, first);
  assert.equal(findDemoSecret(dataDir), first);
  assert.equal(statSync(join(dataDir, 'demo-secret')).mode & 0o777, 0o600);
  assert.match(readFileSync(join(dataDir, 'demo-secret'), 'utf8'), /^[\w-]{64}\n$/);
});

test('a data folder that can not be written is refused in one sentence', () => {
  const dataDir = join(folder, 'a-file');
  writeFileSync(dataDir, '');
  const { config } = loadConfig({ flags: { demo: 'true', dataDir } });
  assert.throws(
    () => withDemoSecret(config),
    (error) => error instanceof StartError && /can't keep a secret in the data folder/.test(error.message),
  );
});
