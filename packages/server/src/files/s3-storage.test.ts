import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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

/** A service that answers every request like this. */
async function serveS3(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  patience: number,
) {
  const server = createServer((request, response) => {
    request.resume();
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const storage = openS3Storage({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    bucket: 'haina',
    accessKey: 'a',
    secretKey: 'b',
    patience,
  });
  return {
    storage,
    async close() {
      await storage.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

async function* megabytes(count: number): AsyncGenerator<Buffer> {
  for (let n = 0; n < count; n++) yield Buffer.alloc(1_048_576);
}

const TROUBLE: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>> = {
  'takes everything and never answers': () => {},
  'breaks every connection': ({ socket }) => socket.destroy(),
  'fails every request': (_request, response) => response.writeHead(500).end(),
};

for (const [what, answer] of Object.entries(TROUBLE)) {
  test(`s3: a service that ${what} is the same refusal for small and large files, before long`, async () => {
    const { storage, close } = await serveS3(answer, 1000);
    for (const size of [1, 20]) {
      await assert.rejects(storage.put(randomUUID(), megabytes(size)), { code: 'EINTERNAL' });
    }
    await assert.rejects(storage.read(randomUUID()), { code: 'EINTERNAL' });
    await assert.rejects(storage.delete(randomUUID()), { code: 'EINTERNAL' });
    await close();
  });
}
