import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../config/start-error.ts';
import type { CopyCounts } from '../store/sqlite/copied-database.ts';

/** A folder without it is no backup: it is written last. */
export const MANIFEST_FILE = 'manifest.json';

const FORMAT = 'haina-backup';
const FORMAT_VERSION = 1;

/** What a backup holds, and by what it is known to be whole. */
export interface Manifest {
  /** Of the server that made it. */
  readonly haina: string;
  readonly schemaVersion: number;
  /** When the database was as it is in the backup, as ISO 8601. */
  readonly takenAt: string;
  readonly finishedAt: string;
  readonly database: { readonly bytes: number; readonly sha256: string };
  readonly counts: CopyCounts;
  readonly files: ManifestFiles;
}

/** The database says which files there are, and has the digest of each. */
export type ManifestFiles =
  | {
      readonly storage: 'local';
      readonly count: number;
      readonly bytes: number;
      /** Those that the server had lost already. */
      readonly damaged: readonly string[];
    }
  | { readonly storage: 's3'; readonly bucket: string | null };

/** The manifest as a text that bears its own digest. */
export function printManifest(manifest: Manifest): string {
  const content = { format: FORMAT, formatVersion: FORMAT_VERSION, ...manifest };
  return `${JSON.stringify({ ...content, sha256: digestOf(content) }, null, 2)}\n`;
}

/** The manifest of a backup. StartError where there is none, or one that is damaged or of a newer haina. */
export function readManifest(folder: string): Manifest {
  const { format, formatVersion, sha256, ...manifest } = parse(folder, readText(folder));
  if (format !== FORMAT || digestOf({ format, formatVersion, ...manifest }) !== sha256) throw damaged(folder);
  if (formatVersion !== FORMAT_VERSION) {
    throw new StartError(
      `the backup ${folder} has format ${formatVersion}, this haina knows ${FORMAT_VERSION}: use a newer haina`,
    );
  }
  return manifest as unknown as Manifest;
}

function readText(folder: string): string {
  try {
    return readFileSync(join(folder, MANIFEST_FILE), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    throw new StartError(`${folder} is no backup, or one that was not finished: it has no ${MANIFEST_FILE}`, {
      cause: error,
    });
  }
}

function parse(folder: string, text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch (error) {
    throw damaged(folder, error);
  }
}

function damaged(folder: string, cause?: unknown): StartError {
  return new StartError(`the backup ${folder} is damaged: its ${MANIFEST_FILE} is not as it was written`, {
    cause,
  });
}

function digestOf(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
