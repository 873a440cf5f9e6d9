import type { StoredFile, Timestamp } from '../model.ts';

export interface NewFile {
  readonly tenant: string;
  readonly id: string;
  readonly ownerId: string;
  /** Of the owner whom the upload is taken from: EAUTH once its id is somebody else's. */
  readonly ownerGeneration?: number;
  readonly createdAt: Timestamp;
}

/** What is known of a file once its bytes have come. */
export type FileFacts = Omit<StoredFile, keyof NewFile>;

export interface FileLook {
  readonly tenant: string;
  readonly id: string;
  readonly viewerId: string;
  /** Whether it sees every conversation of the tenant. */
  readonly isManager: boolean;
}

/** A file that a message's content, or the address of a picture, points at. */
export interface FileMention {
  readonly id: string;
  /** Where it is named, such as `extra.url` of a content. */
  readonly field: string;
  /** Whether it must be a file of this server: an address with a host may be another's, where it is none of ours. */
  readonly isOurs: boolean;
}

/** What a user or group is to be shown with. */
export interface Picture {
  /** The empty text for none. */
  readonly address: string;
  /** That the address points at. */
  readonly file?: FileMention;
  /** Who chose it: who may not see the file can't let others see it. */
  readonly by: { readonly userId: string; readonly isManager: boolean };
  readonly at: Timestamp;
}

/**
 * What is known of files. A message holds the files that its content points at from the moment it is stored until it is
 * edited not to, or recalled; a user or group holds the file that is its picture until it has another one or is deleted.
 */
export interface FileStore {
  /** Notes an id before its bytes come, so that bytes which a crash left behind are found by it. Nobody sees it yet. */
  reserveFile(file: NewFile): Promise<void>;
  /** ENOENT (field `id`) where it was taken as unused meanwhile. */
  completeFile(tenant: string, id: string, facts: FileFacts): Promise<void>;
  /**
   * A file that the viewer uploaded, or that is the picture of a user of its tenant, or of a group that it may see; or that
   * a message holds which it may see: as a member of its conversation, or as a manager, and without having hidden it.
   */
  findFile(look: FileLook): Promise<StoredFile | undefined>;
  /**
   * Takes out of sight what nothing has held since `before`, the longest unused first, and returns the ids. They come
   * again, and count in `limit`, until they are dropped.
   */
  takeUnusedFiles(before: Timestamp, limit: number): Promise<string[]>;
  /** Forgets files whose bytes are gone, unless something holds them. */
  dropFiles(ids: readonly string[]): Promise<void>;
}
