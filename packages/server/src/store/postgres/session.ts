import type pg from 'pg';

/** What a connection is for. Times are in ms. */
export interface SessionSettings {
  /** Shown in `pg_stat_activity` where the URL has no application_name, such as `haina/main`. */
  readonly name: string;
  /** The longest time of one statement; 0: as long as it takes, as a migration may. */
  readonly statementTimeout: number;
  /** The longest wait for a row or table that another transaction holds. */
  readonly lockTimeout: number;
  /** Whether it runs the store's statements, again and again. */
  readonly keepsPlans?: boolean;
  /** How much later than the server gives a statement up this side believes that no answer will come. */
  readonly answerSlack?: number;
}

const NO_WALKS = { enable_seqscan: 'off', enable_hashjoin: 'off', enable_mergejoin: 'off' };

/** Who is silent so long within a transaction has died or hangs, and holds locks: the server ends it. */
const IDLE_IN_TRANSACTION_TIMEOUT = 5000;
/** After so long without a sign of life from this machine the server ends the session, with its locks. */
const TCP_USER_TIMEOUT = 10_000;
const KEEPALIVE_S = { idle: 10, interval: 2, count: 5 };

/** The settings that roles and databases may have otherwise, and that the store relies on. */
export async function applySession(client: pg.Client, session: SessionSettings): Promise<void> {
  const settings: Readonly<Record<string, string | number>> = {
    client_encoding: 'UTF8',
    bytea_output: 'hex',
    default_transaction_isolation: 'read committed',
    // Short statements, planned once: compiling them costs more than it spares.
    jit: 'off',
    // Every statement has its index. Plans are kept, also those made while the tables were empty: going through an empty table
    // costs nothing, going through the same table an hour later does.
    ...(session.keepsPlans ? { plan_cache_mode: 'force_generic_plan', ...NO_WALKS } : {}),
    statement_timeout: session.statementTimeout,
    lock_timeout: session.lockTimeout,
    // Connections are kept while nobody says anything.
    idle_session_timeout: 0,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT,
    tcp_user_timeout: TCP_USER_TIMEOUT,
    tcp_keepalives_idle: KEEPALIVE_S.idle,
    tcp_keepalives_interval: KEEPALIVE_S.interval,
    tcp_keepalives_count: KEEPALIVE_S.count,
  };
  await client.query(
    `SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS setting (name, value)
     UNION ALL
     -- Nothing is confirmed before the disk has it; waiting for standbys, too, is the operator's choice.
     SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
     UNION ALL
     -- From PostgreSQL 17 on; a migration may take its time.
     SELECT set_config('transaction_timeout', '0', false) WHERE current_setting('transaction_timeout', true) <> '0'`,
    [Object.keys(settings), Object.values(settings).map(String)],
  );
}
