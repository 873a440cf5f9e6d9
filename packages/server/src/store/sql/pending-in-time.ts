import type { OpenLane, PendingPage, PendingQuery, TimeCursor } from '../../core/ports/store.ts';

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
  const page = await read({ ...query, cursor: { ...changes, lanes: [] } });
  if (page.next && 'conversationId' in page.next) return { ...page, next: { ...page.next, lanes } };
  return lanes.length > 0 ? { ...page, next: { lanes } } : page;
}

async function oldestPage(read: ReadPage, query: PendingQuery, { lanes }: TimeCursor): Promise<PendingPage> {
  const others = lanes.slice(query.limit);
  const before = others[0]?.number;
  const cursor = { lanes: lanes.slice(0, query.limit), ...(before === undefined ? {} : { before }) };
  const page = await read({ ...query, cursor });
  const left = page.next && !('conversationId' in page.next) ? page.next.lanes : [];
  const merged = merge(left, others);
  const { next: _, ...rest } = page;
  return merged.length === 0 ? rest : { ...rest, next: { lanes: merged } };
}

/** Two lists by number as one. */
function merge(some: readonly OpenLane[], others: readonly OpenLane[]): OpenLane[] {
  const merged: OpenLane[] = [];
  let index = 0;
  for (const lane of some) {
    while (index < others.length && (others[index] as OpenLane).number < lane.number) {
      merged.push(others[index++] as OpenLane);
    }
    merged.push(lane);
  }
  return merged.concat(others.slice(index));
}
