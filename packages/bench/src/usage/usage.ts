/** What a server took since its start. Undefined is what the system doesn't tell, or what the store has nothing of. */
export interface Usage {
  /** Processor time of the server and its database, ms. */
  readonly cpu: number | undefined;
  /** Of which the thread that writes the database. */
  readonly writer: number | undefined;
  /** Of the database's own processes. */
  readonly database: number | undefined;
  /** Written ahead. */
  readonly walBytes: number | undefined;
  readonly walPages: number | undefined;
}

/** What one message took: µs of the processor, bytes and pages. */
export type Cost = Usage;

/** @param messages how many there were between the two */
export function costOf(before: Usage, after: Usage, messages: number): Cost {
  const each = (name: keyof Usage, factor: number) => {
    const [from, to] = [before[name], after[name]];
    return from === undefined || to === undefined || messages === 0
      ? undefined
      : ((to - from) * factor) / messages;
  };
  return {
    cpu: each('cpu', 1000),
    writer: each('writer', 1000),
    database: each('database', 1000),
    walBytes: each('walBytes', 1),
    walPages: each('walPages', 1),
  };
}
