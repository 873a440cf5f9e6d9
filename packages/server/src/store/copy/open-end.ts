import type { PostgresAddress } from '../../config/store-url.ts';
import type { CopyEnd } from './end.ts';

/** Where a copy comes from or goes to. */
export type EndChoice =
  | { readonly kind: 'sqlite'; readonly dataDir: string }
  | { readonly kind: 'postgres'; readonly address: PostgresAddress };

/** Opens one side of a copy. What keeps it from being used is a StartError, or `DataDirInUse`. */
export async function openEnd(choice: EndChoice, role: 'source' | 'target'): Promise<CopyEnd> {
  if (choice.kind === 'postgres')
    return (await import('../postgres/copy-end.ts')).openPostgresEnd(choice.address);
  return (await import('../sqlite/copy-end.ts')).openSqliteEnd(choice.dataDir, role);
}
