import type { Connection } from './driver.ts';

/** After how many transactions statistics are gathered first, and how much later each next time. */
const FIRST = 16;
const FACTOR = 4;
/** Tables that are larger are left to the server itself. */
const MAX_BYTES = 8_388_608;

/** Looks at few rows, and at no table that somebody else looks at. */
const GATHER = `DO $$ DECLARE grown REGCLASS; BEGIN
  SET LOCAL default_statistics_target = 10;
  FOR grown IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    AND pg_relation_size(oid) BETWEEN relpages * current_setting('block_size')::bigint + 1 AND ${MAX_BYTES}
  LOOP EXECUTE 'ANALYZE (SKIP_LOCKED) ' || grown; END LOOP;
END $$`;

/**
 * What the planner knows of tables that were empty a moment ago. Without it, every index is as good to it as the right one until
 * the server gathers statistics by itself, which takes minutes: a user would be looked up through all users of the tenant.
 */
export class Statistics {
  #transactions = 0;
  #next = FIRST;

  /** Counts a transaction. Now and then, less and less often, tables that have grown are looked at before it. */
  async beforeTransaction(connection: Connection): Promise<void> {
    this.#transactions += 1;
    if (this.#transactions < this.#next) return;
    this.#next *= FACTOR;
    // Plans are no reason to refuse anything; where the connection is lost, the next statement says so.
    await connection.query({ text: GATHER }).catch(() => {});
  }
}
