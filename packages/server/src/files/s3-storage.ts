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
  /** How long the service may let one operation wait for it, retries included, in ms. */
  readonly patience?: number;
}

/** What one upload holds in memory; 10 000 of them are the largest object. */
const PART_BYTES = 8_388_608;
const CONNECT_TIMEOUT = 5000;
/** Of one try without a byte, in ms; there are up to three. */
const IDLE_TIMEOUT = 8000;
const PATIENCE = 30_000;

/** Keeps files in a bucket of any S3-compatible service, under their ids. */
export function openS3Storage({
  endpoint,
  region,
  bucket,
  accessKey,
  secretKey,
  patience = PATIENCE,
}: S3Options): FileStorage {
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
    put: (id, bytes) => put(client, at(id), bytes, patience),
    async read(id, range) {
      const Range = range && `bytes=${range.from}-${range.to}`;
      const { Body } = await guarded(
        client.send(new GetObjectCommand({ ...at(id), Range }), {
          abortSignal: AbortSignal.timeout(patience),
        }),
      );
      return Body as Readable;
    },
    async delete(id) {
      const abortSignal = AbortSignal.timeout(patience);
      await guarded(client.send(new DeleteObjectCommand(at(id)), { abortSignal }));
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
  patience: number,
): Promise<void> {
  const source = new WatchedSource(bytes, patience);
  const Body = Readable.from(source.read(), { objectMode: false });
  const upload = new Upload({ client, params: { ...object, Body }, partSize: PART_BYTES, queueSize: 1 });
  const done = upload.done();
  // Where the service answers nothing, this goes on asking it to forget the parts after nobody waits any more.
  done.catch(() => {});
  try {
    await guarded(Promise.race([done, source.stalled]));
  } catch (error) {
    // The source's own error goes before what became of the upload because of it.
    throw source.failure ? source.failure.error : error;
  } finally {
    source.stop();
    Body.destroy();
    await upload.abort();
  }
}

/** A source of bytes that knows whether it failed itself, or whoever reads it stopped taking anything. */
class WatchedSource {
  /** What the source itself threw. */
  failure: { readonly error: unknown } | undefined;
  readonly #bytes: AsyncIterable<Uint8Array>;
  readonly #patience: number;
  readonly #stalled = Promise.withResolvers<never>();
  #timer: NodeJS.Timeout | undefined;

  constructor(bytes: AsyncIterable<Uint8Array>, patience: number) {
    this.#bytes = bytes;
    this.#patience = patience;
    this.#stalled.promise.catch(() => {});
  }

  /** Rejects once the reader has taken nothing for too long. The time that the source itself takes does not count. */
  get stalled(): Promise<never> {
    return this.#stalled.promise;
  }

  async *read(): AsyncGenerator<Uint8Array> {
    const iterator = this.#bytes[Symbol.asyncIterator]();
    try {
      for (let chunk = await this.#next(iterator); !chunk.done; chunk = await this.#next(iterator)) {
        this.#expectReader();
        yield chunk.value;
      }
      this.#expectReader();
    } finally {
      await iterator.return?.();
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #next(iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    this.stop();
    try {
      return await iterator.next();
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }

  #expectReader(): void {
    this.stop();
    const stall = () => this.#stalled.reject(new Error(`it took nothing for ${this.#patience} ms`));
    this.#timer = setTimeout(stall, this.#patience).unref();
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
