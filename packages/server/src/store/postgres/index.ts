export { openPostgresStore, type PostgresStoreOptions, type PostgresTroubles } from './store.ts';
