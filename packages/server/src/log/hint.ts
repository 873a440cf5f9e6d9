import type { LogEntry } from '../core/log/log-entry.ts';
import type { NodeRecord, Positions, RecordPlace } from './record.ts';

interface Encoded {
  readonly w: string;
  readonly n: number;
  readonly a?: Readonly<Record<string, number>>;
  readonly e?: readonly LogEntry[];
}

/** A record whole. @param body its entries as JSON */
export function encodeRecord({ writer, n }: RecordPlace, after: Positions, body: string): Uint8Array {
  const others = after.size === 0 ? '' : `"a":${JSON.stringify(Object.fromEntries(after))},`;
  return Buffer.from(`{"w":${JSON.stringify(writer)},"n":${n},${others}"e":${body}}`);
}

/** Where a record is to be read. */
export function encodePlace({ writer: w, n }: RecordPlace): Uint8Array {
  return Buffer.from(JSON.stringify({ w, n }));
}

/** A record, or where there is one. Throws for anything else: only nodes of this deployment may publish hints. */
export function decodeHint(body: Uint8Array): NodeRecord | RecordPlace {
  const { w: writer, n, a, e: entries } = JSON.parse(Buffer.from(body).toString()) as Encoded;
  if (typeof writer !== 'string' || !Number.isSafeInteger(n)) throw new Error('no hint of a node');
  return entries ? { writer, n, after: new Map(Object.entries(a ?? {})), entries } : { writer, n };
}
