/** A real PostgreSQL for tests. */
export { PgBouncer, SKIP_PGBOUNCER } from './postgres/pgbouncer.ts';
export { SKIP_POSTGRES } from './postgres/program.ts';
export { type PostgresServer, sharedPostgres, startPostgres } from './postgres/server.ts';
