import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { DomainError } from './errors.ts';
import type { StoredFile, Timestamp } from './model.ts';
import type { Clock } from './ports/clock.ts';
import type { FileStorage } from './ports/file-storage.ts';
import type { Pictures } from './ports/pictures.ts';

/** In pixels. */
export const THUMBNAIL_WIDTHS = [160, 320, 640, 1280] as const;
export type ThumbnailWidth = (typeof THUMBNAIL_WIDTHS)[number];

export const THUMBNAIL_TYPE = 'image/webp';

/** The box of a thumbnail is so many times as high as wide: pictures of long pages stay small. */
const MAX_PROPORTION = 4;

/** How long it is remembered that a picture can't be decoded, in ms, and of how many: each try costs its whole time. */
const MEMORY_TIME = 600_000;
const MAX_REMEMBERED = 10_000;

export interface ThumbnailsDeps {
  readonly storage: FileStorage;
  readonly pictures: Pictures;
  readonly clock: Clock;
}

/** The file that a thumbnail is of. */
export interface ThumbnailSource {
  open(): Promise<Readable>;
  /** Rejects, with what is told then, where the file was removed meanwhile. */
  find(): Promise<unknown>;
}

/** Small forms of pictures: made once, and kept in the file storage beside the file until it is removed. */
export class Thumbnails {
  readonly #deps: ThumbnailsDeps;
  /** By their names in the storage. */
  readonly #making = new Map<string, Promise<Buffer>>();
  /** Until when no try is made with these bytes, by digest; the oldest first. */
  readonly #undecodable = new Map<string, Timestamp>();

  constructor(deps: ThumbnailsDeps) {
    this.#deps = deps;
  }

  /** ENOENT (field `w`) where the file is no picture that can be decoded here; ERATE where too many wait; EINTERNAL. */
  async get(file: StoredFile, width: ThumbnailWidth, source: ThumbnailSource): Promise<Buffer> {
    if (file.format === undefined) throw noThumbnail();
    const name = nameOf(file.id, width);
    const kept = await this.#read(name);
    if (kept) return kept;
    let making = this.#making.get(name);
    if (!making) {
      making = this.#make(name, file, width, source).finally(() => this.#making.delete(name));
      this.#making.set(name, making);
    }
    return making;
  }

  /** Removes those of a file that nobody can find any more. */
  async remove(fileId: string): Promise<void> {
    for (const width of THUMBNAIL_WIDTHS) await this.#deps.storage.delete(nameOf(fileId, width));
  }

  async #read(name: string): Promise<Buffer | undefined> {
    try {
      return await buffer(await this.#deps.storage.read(name));
    } catch (error) {
      if (error instanceof DomainError && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #make(
    name: string,
    file: StoredFile,
    width: ThumbnailWidth,
    { open, find }: ThumbnailSource,
  ): Promise<Buffer> {
    const { storage, pictures, clock } = this.#deps;
    if ((this.#undecodable.get(file.sha256) ?? 0) > clock.now()) throw noThumbnail();
    const made = await pictures.shrink({ size: file.size, open }, { width, height: width * MAX_PROPORTION });
    if (!made) {
      this.#remember(file.sha256);
      throw noThumbnail();
    }
    await storage.put(name, once(made));
    try {
      // Whoever removed the file meanwhile did not find this.
      await find();
    } catch (error) {
      await storage.delete(name);
      throw error;
    }
    return made;
  }

  #remember(digest: string): void {
    this.#undecodable.delete(digest);
    this.#undecodable.set(digest, this.#deps.clock.now() + MEMORY_TIME);
    const [oldest] = this.#undecodable.keys();
    if (this.#undecodable.size > MAX_REMEMBERED && oldest !== undefined) this.#undecodable.delete(oldest);
  }
}

/** With the file's id at the end, by which storages spread what they keep. */
function nameOf(fileId: string, width: ThumbnailWidth): string {
  return `w${width}-${fileId}`;
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function noThumbnail(): DomainError {
  return new DomainError(
    'ENOENT',
    'the file has no smaller form: it is no picture that can be decoded here',
    {
      field: 'w',
    },
  );
}
