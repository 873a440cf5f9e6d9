import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { fileStorageContract } from './file-storage-contract.ts';
import { startS3Server } from './s3-server-fixture.ts';
import { openS3Storage } from './s3-storage.ts';

fileStorageContract('s3', async () => {
  const server = await startS3Server();
  return {
    storage: openS3Storage(server.options),
    trouble: { begin: () => server.stop(), end: () => server.start() },
    dispose: () => server.dispose(),
  };
});

test('s3: a wrong key is the operator’s trouble, and no secret is in what is told of it', async () => {
  const server = await startS3Server();
  const storage = openS3Storage({ ...server.options, accessKey: 'NOBODY', secretKey: 'hush-hush' });
  await assert.rejects(storage.put(randomUUID(), Readable.from([Buffer.from('x')])), (error: Error) => {
    assert.equal((error as { code?: string }).code, 'EINTERNAL');
    assert.match(String(error.cause), /InvalidAccessKeyId/);
    assert.doesNotMatch(JSON.stringify(error.cause, Object.getOwnPropertyNames(error.cause)), /hush/);
    return true;
  });
  await storage.close();
  await server.dispose();
});

test('s3: a bucket that is not there is the operator’s trouble too', async () => {
  const server = await startS3Server();
  const storage = openS3Storage({ ...server.options, bucket: 'nowhere' });
  await assert.rejects(storage.read(randomUUID()), { code: 'EINTERNAL' });
  await storage.close();
  await server.dispose();
});
