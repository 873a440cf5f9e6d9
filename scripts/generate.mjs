// Writes what is made from something else: the code from packages/wire/proto, which needs protoc, and docs/asyncapi from the
// schemas of the server.
//   npm run generate
//   node scripts/generate.mjs --out FOLDER     the code only, elsewhere
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const protos = join(root, 'packages/wire/proto');
const plugin = join(
  root,
  'node_modules/.bin',
  process.platform === 'win32' ? 'protoc-gen-es.cmd' : 'protoc-gen-es',
);
const at = process.argv.indexOf('--out');
const out = at === -1 ? join(root, 'packages/wire/src/generated') : resolve(process.argv[at + 1]);

mkdirSync(out, { recursive: true });
const { status, error } = spawnSync(
  'protoc',
  // Types beside the code instead of TypeScript: the runtime strips types, and enums are more than types.
  [
    `--plugin=protoc-gen-es=${plugin}`,
    `--es_out=${out}`,
    '--es_opt=target=js+dts',
    `-I${protos}`,
    'im.proto',
  ],
  { stdio: 'inherit' },
);
if (error) console.error(`protoc: ${error.message} (sudo apt-get install protobuf-compiler)`);
if (status !== 0) process.exit(status ?? 1);
if (at === -1) {
  const asyncApi = spawnSync(process.execPath, [join(root, 'scripts/asyncapi.ts')], { stdio: 'inherit' });
  process.exit(asyncApi.status ?? 1);
}
