import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import { openFileStorage } from './index.ts';

test('S3 without its bucket and keys is refused at the start, naming the variable', async () => {
  const env = {
    HAINA_FILE_STORAGE: 's3',
    HAINA_S3_BUCKET: 'b',
    HAINA_S3_ACCESS_KEY: 'a',
    HAINA_S3_SECRET_KEY: 's',
  };
  for (const variable of ['HAINA_S3_BUCKET', 'HAINA_S3_ACCESS_KEY', 'HAINA_S3_SECRET_KEY']) {
    const { config } = loadConfig({ env: { ...env, [variable]: '' } });
    await assert.rejects(openFileStorage(config), { name: 'StartError', message: new RegExp(variable) });
  }
  await (await openFileStorage(loadConfig({ env }).config)).close();
});
