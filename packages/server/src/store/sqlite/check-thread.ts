import { Worker } from 'node:worker_threads';
import type { CheckReply, CheckTask } from './check-worker.ts';
import type { DatabaseReport } from './maintenance.ts';
import type { QuickReport } from './quick-check.ts';

/** Told as each check begins. */
export type OnCheck = (what: string, index: number, total: number) => void;

/** `checkDatabase` in a thread of its own, so that this one can tell how it gets on. */
export function checkDatabaseInThread(dataDir: string, onCheck: OnCheck): Promise<DatabaseReport> {
  return run({ kind: 'full', dataDir }, onCheck) as Promise<DatabaseReport>;
}

/** `quickCheckDatabase`, likewise. */
export function quickCheckInThread(dataDir: string, onCheck: OnCheck): Promise<QuickReport> {
  return run({ kind: 'quick', dataDir }, onCheck) as Promise<QuickReport>;
}

/** What is wrong with the structure of a folder's database, which needs none of our tables. */
export function checkStructureInThread(folder: string): Promise<readonly string[]> {
  return run({ kind: 'structure', dataDir: folder }, () => {}) as Promise<readonly string[]>;
}

async function run(task: CheckTask, onCheck: OnCheck): Promise<unknown> {
  const worker = new Worker(new URL('./check-worker.ts', import.meta.url), { workerData: task });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  worker.on('message', (reply: CheckReply) => {
    if ('check' in reply) onCheck(reply.check, reply.index, reply.total);
    else if ('report' in reply) resolve(reply.report);
    else reject(Object.assign(new Error(reply.message), { code: reply.code, errcode: reply.errcode }));
  });
  worker.on('error', reject);
  worker.on('exit', (code) => reject(new Error(`the check ended with ${code} and without a word`)));
  return promise;
}
