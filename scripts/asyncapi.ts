// Writes docs/asyncapi/im.json from the schemas of the server. Part of: npm run generate
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeIm } from '../packages/server/src/dialects/im/index.ts';
import { VERSION } from '../packages/server/src/version.ts';

const folder = join(dirname(import.meta.dirname), 'docs/asyncapi');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'im.json'), `${JSON.stringify(await describeIm(VERSION), null, 2)}\n`);
