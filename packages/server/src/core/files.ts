import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { isManager } from './access.ts';
import { DomainError } from './errors.ts';
import { toFileName } from './file-name.ts';
import type { Principal, StoredFile } from './model.ts';
import { type Policies, requireWriter } from './policies.ts';
import type { Clock, IdSource } from './ports/clock.ts';
import type { FileClaim, FileInspector, FileNature, HeadNature } from './ports/file-inspector.ts';
import type { ByteRange, FileStorage } from './ports/file-storage.ts';
import type { FileStore } from './ports/file-store.ts';
import type { Pictures } from './ports/pictures.ts';
import { Thumbnails, type ThumbnailWidth } from './thumbnails.ts';
import { UploadSlots } from './upload-slots.ts';

const BYTES_PER_MB = 1_048_576;

export interface Upload extends FileClaim {
  /** Bytes that will come at least, where the client says so: too many are refused before any is read. */
  readonly announced?: number;
  /** What cuts it short must throw: whatever ends is taken for the whole file. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface FileLimits {
  /** Uploads that one user may have under way. */
  readonly maxUploadsPerUser: number;
  /** How long a file is kept that nothing holds, in ms. */
  readonly unusedFileLifetime: number;
}

export interface FilesDeps {
  readonly store: FileStore;
  readonly storage: FileStorage;
  readonly inspector: FileInspector;
  readonly pictures: Pictures;
  readonly policies: Policies;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: FileLimits;
  /** Told why a failed upload could not be cleared away at once, which the sweep does later, or a picture not be measured. */
  onError(error: unknown): void;
}

/** Uploading and reading files. Which message holds which is settled where messages are stored. */
export class Files {
  readonly #deps: FilesDeps;
  readonly #slots: UploadSlots;
  readonly #thumbnails: Thumbnails;
  readonly #running = new Set<Promise<StoredFile>>();

  constructor(deps: FilesDeps) {
    this.#deps = deps;
    this.#slots = new UploadSlots(deps.limits.maxUploadsPerUser);
    this.#thumbnails = new Thumbnails(deps);
  }

  /** Uploads under way. */
  get uploading(): number {
    return this.#slots.taken;
  }

  /**
   * Keeps a file; only the actor sees it until something holds it. Takes no more bytes than the limit allows, and leaves
   * nothing of what it refuses.
   *
   * EPERM for one who may only read; ERATE for one upload too many at a time; ETOOLONG; EINVAL for an empty file.
   */
  async upload(actor: Principal, upload: Upload): Promise<StoredFile> {
    const { policies } = this.#deps;
    requireWriter(await policies.of(actor));
    const { fileUploadLimit } = await policies.chatSettings(actor.tenant);
    const release = this.#slots.take(`${actor.tenant}/${actor.userId}`);
    const keeping = this.#keep(actor, upload, fileUploadLimit);
    this.#running.add(keeping);
    try {
      return await keeping;
    } finally {
      this.#running.delete(keeping);
      release();
    }
  }

  /** Resolves once the uploads under way have ended, and what is left of the failed ones is cleared away. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  /** What is known of a file. ENOENT (field `id`), also for one that the actor may not see. */
  async find(actor: Principal, id: string): Promise<StoredFile> {
    const { tenant, userId: viewerId } = actor;
    const file = await this.#deps.store.findFile({ tenant, id, viewerId, isManager: isManager(actor) });
    if (file) return file;
    throw new DomainError('ENOENT', 'no such file', { field: 'id' });
  }

  /** The bytes of a file that was found, or some of them. */
  async read({ id }: StoredFile, range?: ByteRange): Promise<Readable> {
    try {
      return await this.#deps.storage.read(id, range);
    } catch (error) {
      throw new DomainError('EINTERNAL', 'the file can not be read now; try again', { cause: error });
    }
  }

  /**
   * A picture that was found, so many pixels wide and as WebP; not wider than it is. ENOENT (field `w`) where the file is no
   * picture that can be decoded here; ERATE where too many wait.
   */
  async thumbnail(actor: Principal, file: StoredFile, width: ThumbnailWidth): Promise<Buffer> {
    return this.#thumbnails.get(file, width, {
      open: () => this.read(file),
      find: () => this.find(actor, file.id),
    });
  }

  /**
   * Removes some of the files that nothing has held for long. Resolves to whether there may be more; rejects where
   * bytes could not be removed, which come again the next time.
   */
  async removeUnused(limit: number): Promise<boolean> {
    const { store, clock, limits } = this.#deps;
    const ids = await store.takeUnusedFiles(clock.now() - limits.unusedFileLifetime, limit);
    if (ids.length === 0) return false;
    const outcomes = await Promise.allSettled(ids.map((id) => this.#removeBytes(id)));
    await store.dropFiles(ids.filter((_, index) => outcomes[index]?.status === 'fulfilled'));
    const failure = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
    if (failure) throw failure.reason;
    return ids.length === limit;
  }

  async #keep(actor: Principal, upload: Upload, limit: number): Promise<StoredFile> {
    const { store, storage, inspector, clock, ids } = this.#deps;
    if ((upload.announced ?? 0) > limit * BYTES_PER_MB) throw tooLarge(limit);
    const name = toFileName(upload.name);
    const id = ids.next();
    const createdAt = clock.now();
    const { head, bytes } = await withHead(limited(upload.bytes, limit), inspector.headBytes);
    if (head.length === 0) throw new DomainError('EINVAL', 'file is empty', { field: 'file' });
    const nature = await inspector.inspect(head, { name, type: upload.type });
    const { tenant, userId: ownerId, generation } = actor;
    const owner = { ownerId, ...(generation === undefined ? {} : { ownerGeneration: generation }) };
    await store.reserveFile({ tenant, id, ...owner, createdAt });
    try {
      const measure = new Measure();
      await storage.put(id, measure.through(bytes));
      const measured = measure.result();
      const facts = { ...(await this.#measured(id, nature, measured.size)), name, ...measured };
      await store.completeFile(tenant, id, facts);
      return { tenant, id, ownerId, createdAt, ...facts };
    } catch (error) {
      await this.#discard(id);
      throw error;
    }
  }

  /** With the size as shown. A picture that is not measured now keeps the size that its head tells. */
  async #measured(id: string, { isUnmeasured, ...nature }: HeadNature, size: number): Promise<FileNature> {
    if (!isUnmeasured) return nature;
    const { storage, pictures } = this.#deps;
    try {
      return { ...nature, ...(await pictures.measure({ size, open: () => storage.read(id) })) };
    } catch (error) {
      this.#deps.onError(error);
      return nature;
    }
  }

  async #removeBytes(id: string): Promise<void> {
    await this.#thumbnails.remove(id);
    await this.#deps.storage.delete(id);
  }

  async #discard(id: string): Promise<void> {
    try {
      await this.#deps.storage.delete(id);
      await this.#deps.store.dropFiles([id]);
    } catch (error) {
      this.#deps.onError(error);
    }
  }
}

function tooLarge(limit: number): DomainError {
  return new DomainError('ETOOLONG', `file has more than ${limit} MB`, { field: 'file', limit });
}

/** The bytes, up to a limit in MB. ETOOLONG at the first one beyond. */
async function* limited(bytes: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let left = limit * BYTES_PER_MB;
  for await (const chunk of bytes) {
    left -= chunk.length;
    if (left < 0)
      throw new DomainError('ETOOLONG', `file has more than ${limit} MB`, { field: 'file', limit });
    yield chunk;
  }
}

/** The first bytes, as many as there are, and all of them again. */
async function withHead(
  source: AsyncGenerator<Uint8Array>,
  size: number,
): Promise<{ head: Uint8Array; bytes: AsyncIterable<Uint8Array> }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < size) {
    const { done, value } = await source.next();
    if (done) break;
    chunks.push(value);
    length += value.length;
  }
  const held = Buffer.concat(chunks);
  async function* bytes(): AsyncGenerator<Uint8Array> {
    if (held.length > 0) yield held;
    yield* source;
  }
  return { head: held.subarray(0, size), bytes: bytes() };
}

/** Counts and digests what passes through. */
class Measure {
  readonly #hash = createHash('sha256');
  #size = 0;

  async *through(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      this.#size += chunk.length;
      this.#hash.update(chunk);
      yield chunk;
    }
  }

  result(): { size: number; sha256: string } {
    return { size: this.#size, sha256: this.#hash.digest('hex') };
  }
}
