export { checkDatabaseInThread, quickCheckInThread } from './check-thread.ts';
export { DataDirInUse } from './data-lock.ts';
export { checkDatabase, type DatabaseReport, migrateDatabase } from './maintenance.ts';
export type { QuickReport } from './quick-check.ts';
export { openSqliteStore, type SqliteStoreOptions, type StoreTroubles } from './store.ts';
