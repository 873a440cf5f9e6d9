import type { OperationCall, OperationOutcome } from '../sql/calls.ts';

export interface WorkerSettings {
  readonly dataDir: string;
  readonly mode: 'read' | 'write';
  readonly busyTimeout: number;
  /** Whether a reading thread looks at the file's pages now and then. */
  readonly samples?: boolean;
}

export type WorkerRequest = { readonly batch: readonly OperationCall[] } | { readonly close: true };
export type WorkerReply =
  | { readonly ready: true }
  | { readonly outcomes: readonly OperationOutcome[]; readonly durationMs: number }
  | { readonly closed: true }
  /** Why nothing that is written would be found any more; null once that is over. */
  | { readonly lost: string | null }
  /** What SQLite found wrong with the file. */
  | { readonly damaged: string };

/** SQLite's primary result codes that say that the file is damaged. */
const DAMAGE: ReadonlySet<number> = new Set([
  11, // SQLITE_CORRUPT
  26, // SQLITE_NOTADB
]);

/** Whether an error says that the file is damaged, which trying again does not mend. */
export function isDamage(error: unknown): error is Error {
  const code = (error as { errcode?: number } | null)?.errcode;
  return code !== undefined && DAMAGE.has(code & 0xff);
}
