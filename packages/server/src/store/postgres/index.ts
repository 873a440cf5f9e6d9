export { examinePostgres, type PostgresReport } from './doctor/examine.ts';
export type { Line, Verdict } from './doctor/line.ts';
export { migratePostgresDatabase } from './migrate-database.ts';
export {
  type ClusterPart,
  openPostgresNodeLog,
  openPostgresStore,
  type PostgresStoreOptions,
  type PostgresTroubles,
} from './store.ts';
