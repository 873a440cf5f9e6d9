/** A real PostgreSQL for tests. */
export { SKIP_POSTGRES } from './postgres/program.ts';
export { type PostgresServer, sharedPostgres, startPostgres } from './postgres/server.ts';
