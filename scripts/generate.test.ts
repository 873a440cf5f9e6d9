import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const GENERATED = join(import.meta.dirname, '../packages/wire/src/generated');
const missing = spawnSync('protoc', ['--version']).error !== undefined && !process.env.CI;
const skip = missing && 'needs protoc: sudo apt-get install protobuf-compiler';

const filesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

test('the generated code is what the .proto files say (else: npm run generate)', { skip }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'haina-generate-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const script = join(import.meta.dirname, 'generate.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, '--out', folder], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.deepEqual(filesOf(GENERATED), filesOf(folder));
});
