export { migratePostgresDatabase } from './migrate-database.ts';
export { openPostgresStore, type PostgresStoreOptions, type PostgresTroubles } from './store.ts';
