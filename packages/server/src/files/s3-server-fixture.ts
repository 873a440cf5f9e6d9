import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3Options } from './s3-storage.ts';

/** What is used of the package, which has no types of its own. */
interface S3rver {
  run(): Promise<{ readonly port: number }>;
  close(): Promise<void>;
}
type S3rverClass = new (options: object) => S3rver;

/** An S3-compatible server with one bucket, in a folder of its own. */
export interface S3Server {
  readonly options: S3Options;
  stop(): Promise<void>;
  /** On the same port, with what it had. */
  start(): Promise<void>;
  dispose(): Promise<void>;
}

export async function startS3Server(): Promise<S3Server> {
  const Server = createRequire(import.meta.url)('s3rver') as S3rverClass;
  const directory = await mkdtemp(join(tmpdir(), 'haina-s3-'));
  let port = 0;
  let server: S3rver;
  async function start(): Promise<void> {
    const configureBuckets = [{ name: 'haina', configs: [] }];
    server = new Server({ port, address: '127.0.0.1', silent: true, directory, configureBuckets });
    port = (await server.run()).port;
  }
  await start();
  return {
    options: {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      bucket: 'haina',
      accessKey: 'S3RVER',
      secretKey: 'S3RVER',
    },
    start,
    stop: () => server.close(),
    async dispose() {
      await server.close();
      await rm(directory, { recursive: true });
    },
  };
}
