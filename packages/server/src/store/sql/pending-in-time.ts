import type { PendingPage, PendingQuery, TimeCursor } from '../../core/ports/store.ts';
import { mergeLanes, NO_LANES, oldestNumber, splitLanes } from './open-lanes.ts';

/** Reads one page, as the operation `listPending` does. */
export type ReadPage = (query: PendingQuery) => Promise<PendingPage>;

/**
 * `listPending` in the order of time: of the lanes of very many conversations only as many go to the database as can have a part in
 * the page, and so neither the reading nor its copies grow with the others.
 */
export async function pendingInTime(read: ReadPage, query: PendingQuery): Promise<PendingPage> {
  const { cursor } = query;
  if (cursor === undefined) return read(query);
  if (!('conversationId' in cursor)) return oldestPage(read, query, cursor);
  if (cursor.lanes === undefined) return read(query);
  // The lanes are only carried along until the changed messages are told.
  const { lanes, ...changes } = cursor;
  const page = await read({ ...query, cursor: { ...changes, lanes: NO_LANES } });
  if (page.next && 'conversationId' in page.next) return { ...page, next: { ...page.next, lanes } };
  return lanes.length > 0 ? { ...page, next: { lanes } } : page;
}

async function oldestPage(read: ReadPage, query: PendingQuery, cursor: TimeCursor): Promise<PendingPage> {
  const [lanes, others] = splitLanes(cursor.lanes, query.limit);
  const page = await read({ ...query, cursor: { lanes, before: oldestNumber(others) } });
  const left = page.next && !('conversationId' in page.next) ? page.next.lanes : NO_LANES;
  const merged = mergeLanes(left, others);
  const { next: _, ...rest } = page;
  return merged.length === 0 ? rest : { ...rest, next: { lanes: merged } };
}
