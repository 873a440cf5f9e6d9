import { StartError } from '../../config/start-error.ts';
import { type Checksum, Summing } from './checksum.ts';
import { type CopyEnd, keyOf, type Row, type TableProgress, type TableShape } from './end.ts';

/** Who is told how far a copy has got, in rows. */
export interface CopyWatch {
  begin(what: string, total: number): void;
  reach(rows: number): void;
  end(): void;
  /** What the operator should know. */
  say(text: string): void;
}

export interface CopiedTable {
  readonly name: string;
  readonly source: Checksum;
  readonly target: Checksum;
}

/**
 * Copies all tables of the store, or goes on with a copy that was broken off, and compares both sides. Rows are read and written
 * in bounded batches, each of which is one transaction together with how far it got.
 *
 * @param version the schema's that this haina has
 * @returns what each table holds on either side; where a table differs the target stays a half-done copy
 */
export async function copyStore(
  source: CopyEnd,
  target: CopyEnd,
  version: number,
  watch: CopyWatch,
): Promise<readonly CopiedTable[]> {
  await requireVersion(source, version);
  const half = await target.halfCopy();
  if (half) {
    requireSame(half.source, source.name, target);
    watch.say('going on with a copy that was broken off');
  }
  await target.migrate();
  const tables = requireAlike(await source.tables(), await target.tables());
  if (!half) {
    await requireEmpty(target, tables);
    await target.beginCopy(source.name);
  }
  for (const table of tables) {
    const progress = half?.tables.find((each) => each.table === table.name);
    await copyTable(source, target, table, progress, watch);
  }
  await target.raiseCounters(await source.counters());
  const copied = await compare(source, target, tables, watch);
  await Promise.all([source.requireAlone(), target.requireAlone()]);
  if (copied.every(isEqual)) await target.endCopy();
  return copied;
}

/** Whether both sides hold the same. */
export function isEqual({ source, target }: CopiedTable): boolean {
  return source.rows === target.rows && source.sum === target.sum;
}

async function requireVersion(source: CopyEnd, version: number): Promise<void> {
  if (await source.halfCopy()) {
    throw new StartError(`${source.name} is itself a half-done copy: finish that one first`);
  }
  const has = await source.version();
  if (has === version) return;
  const advice = has < version ? `run: ${source.migrateCommand}` : 'use a newer haina';
  throw new StartError(
    has === 0
      ? `there is no database of haina at ${source.name}`
      : `the schema of ${source.name} has version ${has}, this haina knows ${version}: ${advice}`,
  );
}

function requireSame(begun: string, source: string, target: CopyEnd): void {
  if (begun === source) return;
  throw new StartError(
    `${target.name} has a half-done copy of ${begun}: go on with that, or empty the database`,
  );
}

async function requireEmpty(target: CopyEnd, tables: readonly TableShape[]): Promise<void> {
  for (const table of tables) {
    if (await target.hasRows(table)) {
      throw new StartError(
        `${target.name} is not empty: there are rows in "${table.name}"; copy into an empty database`,
      );
    }
  }
}

/** The tables, once it is known that both sides have the same: nothing is left out because one of them does not know it. */
function requireAlike(source: readonly TableShape[], target: readonly TableShape[]): readonly TableShape[] {
  const [one, other] = [source, target].map((tables) => tables.map((table) => JSON.stringify(table)).sort());
  const difference =
    one?.find((table) => !other?.includes(table)) ?? other?.find((each) => !one?.includes(each));
  if (difference !== undefined) {
    throw new Error(`the schemas differ, which is a fault of this haina: ${difference} is on one side only`);
  }
  return source;
}

async function copyTable(
  source: CopyEnd,
  target: CopyEnd,
  table: TableShape,
  from: TableProgress | undefined,
  watch: CopyWatch,
): Promise<void> {
  let done = from?.rows ?? 0;
  watch.begin(`copying ${table.name}`, await source.count(table));
  let rows = await source.read(table, from?.lastKey ?? null);
  while (rows.length > 0) {
    done += rows.length;
    const lastKey = keyOf(table, rows.at(-1) as Row);
    // What comes next is read while this is written.
    const [next] = await Promise.all([
      source.read(table, lastKey),
      target.write(table, rows, { table: table.name, lastKey, rows: done }),
    ]);
    rows = next;
    watch.reach(done);
  }
  watch.end();
}

async function compare(
  source: CopyEnd,
  target: CopyEnd,
  tables: readonly TableShape[],
  watch: CopyWatch,
): Promise<CopiedTable[]> {
  const copied: CopiedTable[] = [];
  for (const table of tables) {
    watch.begin(`comparing ${table.name}`, 2 * (await source.count(table)));
    let read = 0;
    const onRows = (rows: number): void => {
      read += rows;
      watch.reach(read);
    };
    const [one, other] = await Promise.all([source, target].map((end) => sumUp(end, table, onRows)));
    copied.push({ name: table.name, source: one as Checksum, target: other as Checksum });
    watch.end();
  }
  return copied;
}

async function sumUp(end: CopyEnd, table: TableShape, onRows: (rows: number) => void): Promise<Checksum> {
  const sum = new Summing(table);
  let after: Row | null = null;
  for (;;) {
    const rows: readonly Row[] = await end.read(table, after);
    if (rows.length === 0) return sum.result();
    for (const row of rows) sum.add(row);
    after = keyOf(table, rows.at(-1) as Row);
    onRows(rows.length);
  }
}
