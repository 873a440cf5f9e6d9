export { DataDirInUse } from './data-lock.ts';
export { checkDatabase, type DatabaseReport, migrateDatabase } from './maintenance.ts';
export { openSqliteStore, type SqliteStoreOptions, type StoreTroubles } from './store.ts';
