import { writeFileSync } from 'node:fs';

/** For a child process of the server: signals that end all processes of a terminal or a service come to the server, which ends its children after it has stopped. */
export function ignoreStopSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
}

/** Where the machine has no memory left, Linux ends this process rather than the server. */
export function goFirstWhereMemoryIsShort(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Another system, or not allowed here: the kernel decides by size as it does anyway.
  }
}
