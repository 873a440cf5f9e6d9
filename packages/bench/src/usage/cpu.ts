import { readdirSync, readFileSync } from 'node:fs';

/** Linux tells processor time in hundredths of a second to everybody: in ms. */
const TICK = 10;

/** Whether the system tells what a process had of the processor. */
export const TELLS_CPU = process.platform === 'linux';

/** What a process and those of its children that have ended had of the processor, ms. */
export function cpuOf(pid: number): number {
  return parseCpu(readIfThere(`/proc/${pid}/stat`));
}

/** What a process and all of its children had, ms. */
export function cpuOfFamily(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, each) => sum + cpuOf(each), 0);
}

/** The children that a process has now. */
export function childrenOf(pid: number): number[] {
  return readIfThere(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/**
 * What the thread had that writes the database, ms: the one beside the main thread that wrote most. Versions of the server that
 * don't name their threads are measured, too.
 */
export function cpuOfWriter(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).filter((thread) => thread !== String(pid));
  const written = (thread: string) => parseWritten(readIfThere(`/proc/${pid}/task/${thread}/io`));
  const [writer] = threads.sort((a, b) => written(b) - written(a));
  return writer === undefined ? 0 : parseCpu(readIfThere(`/proc/${pid}/task/${writer}/stat`));
}

/** The ms in a `stat` of proc(5): utime, stime, cutime and cstime. */
export function parseCpu(stat: string): number {
  // The name stands in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) * TICK;
}

function parseWritten(io: string): number {
  return Number(/^wchar: (\d+)$/m.exec(io)?.[1] ?? 0);
}

/** Empty where the process ended meanwhile: what it had is its parent's then. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
