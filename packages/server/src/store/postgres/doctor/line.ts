/** `note`: well, but for what the operator should know. `bad`: something has to be done. */
export type Verdict = 'ok' | 'note' | 'bad';

/** One thing that was looked at. */
export interface Line {
  readonly what: string;
  readonly verdict: Verdict;
  /** How it is, in words that show no secret. */
  readonly says: string;
  /** What to do. */
  readonly advice?: string;
}

export function ok(what: string, says: string): Line {
  return { what, verdict: 'ok', says };
}

export function note(what: string, says: string, advice?: string): Line {
  return { what, verdict: 'note', says, ...(advice === undefined ? {} : { advice }) };
}

export function bad(what: string, says: string, advice: string): Line {
  return { what, verdict: 'bad', says, advice };
}
