/** How a process ended, as a clause about it. */
export function endOf(code: number | null, signal: NodeJS.Signals | null): string {
  // So V8 ends a process that has no memory left.
  if (signal === 'SIGABRT' || signal === 'SIGTRAP')
    return `it was ended by ${signal}: mostly it ran out of memory`;
  return signal === null ? `it ended with ${code}` : `it was ended by ${signal}`;
}
