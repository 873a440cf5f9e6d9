import { Readable } from 'node:stream';
import { DeleteObjectCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { DomainError } from '../core/errors.ts';
import type { FileStorage } from '../core/ports/file-storage.ts';
import { requireFileId } from './file-id.ts';

export interface S3Options {
  /** URL; that of AWS in the region where absent. */
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** What one upload holds in memory; 10 000 of them are the largest object. */
const PART_BYTES = 8_388_608;
const CONNECT_TIMEOUT = 5000;
/** Without a byte, in ms. */
const IDLE_TIMEOUT = 30_000;

/** Keeps files in a bucket of any S3-compatible service, under their ids. */
export function openS3Storage({ endpoint, region, bucket, accessKey, secretKey }: S3Options): FileStorage {
  const client = new S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    region,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    // Few services but AWS know buckets as host names, or the newer checksums.
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT, socketTimeout: IDLE_TIMEOUT },
  });
  const at = (id: string) => ({ Bucket: bucket, Key: requireFileId(id) });
  return {
    put: (id, bytes) => put(client, at(id), bytes),
    async read(id, range) {
      const Range = range && `bytes=${range.from}-${range.to}`;
      const { Body } = await guarded(client.send(new GetObjectCommand({ ...at(id), Range })));
      return Body as Readable;
    },
    async delete(id) {
      await guarded(client.send(new DeleteObjectCommand(at(id))));
    },
    async close() {
      client.destroy();
    },
  };
}

/** In one request where it is small, else in parts that the service puts together at the end. */
async function put(
  client: S3Client,
  object: { Bucket: string; Key: string },
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  async function* watched() {
    try {
      yield* bytes;
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  const Body = Readable.from(watched(), { objectMode: false });
  const upload = new Upload({ client, params: { ...object, Body }, partSize: PART_BYTES, queueSize: 1 });
  try {
    await guarded(upload.done());
  } catch (error) {
    // The source's own error goes before what became of the upload because of it.
    throw failure ? failure.error : error;
  } finally {
    Body.destroy();
  }
}

async function guarded<Value>(answer: Promise<Value>): Promise<Value> {
  try {
    return await answer;
  } catch (error) {
    const { name, message } = error as Error;
    // Not the SDK's error itself: it may have the request with it.
    const cause = new Error(`${name}: ${message}`);
    if (name === 'NoSuchKey') throw new DomainError('ENOENT', 'no such file', { field: 'id', cause });
    throw new DomainError('EINTERNAL', 'the files can not be reached now; try again', { cause });
  }
}
