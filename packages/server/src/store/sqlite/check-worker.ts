import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from './database.ts';
import { checkDatabase } from './maintenance.ts';
import { quickCheckDatabase } from './quick-check.ts';

export interface CheckTask {
  readonly kind: 'full' | 'quick' | 'structure';
  readonly dataDir: string;
}

export type CheckReply =
  | { readonly check: string; readonly index: number; readonly total: number }
  | { readonly report: unknown }
  | { readonly message: string; readonly code: string | undefined; readonly errcode: number | undefined };

const BUSY_TIMEOUT = 5000;

const port = parentPort as MessagePort;
const { kind, dataDir } = workerData as CheckTask;

// An error that crosses threads by itself loses what SQLite said of it.
try {
  tell({ report: perform() });
} catch (error) {
  const { message, code, errcode } = error as Error & { code?: string; errcode?: number };
  tell({ message, code, errcode });
}

function perform(): unknown {
  const onCheck = (check: string, index: number, total: number): void => tell({ check, index, total });
  if (kind === 'full') return checkDatabase(dataDir, onCheck);
  if (kind === 'quick') return quickCheckDatabase(dataDir, onCheck);
  return checkStructure();
}

/** Every page, row and entry of an index is where it should be. What indexes hold is not compared with their tables. */
function checkStructure(): string[] {
  const db = openDatabase({ dataDir, readOnly: true, busyTimeout: BUSY_TIMEOUT });
  try {
    const rows = db.prepare('PRAGMA quick_check(20)').all() as { quick_check: string }[];
    return rows.map((row) => row.quick_check).filter((text) => text !== 'ok');
  } finally {
    db.close();
  }
}

function tell(reply: CheckReply): void {
  port.postMessage(reply);
}
