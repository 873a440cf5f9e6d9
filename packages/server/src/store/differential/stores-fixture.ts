import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sharedPostgres } from '../../../test/support/postgres.ts';
import type { Store } from '../../core/ports/store.ts';
import { addressOf } from '../postgres/postgres-fixture.ts';
import { openPostgresStore } from '../postgres/store.ts';
import { openSqliteStore } from '../sqlite/store.ts';

/** An empty store of each kind. */
export interface BothStores {
  readonly sqlite: Store;
  readonly postgres: Store;
  dispose(): Promise<void>;
}

/** Opens pairs of empty stores: each is a copy of databases whose schema was made once. */
export class StoreSource {
  readonly #folder: string;
  readonly #template: string;

  private constructor(folder: string, template: string) {
    this.#folder = folder;
    this.#template = template;
  }

  static async make(): Promise<StoreSource> {
    const folder = await mkdtemp(join(tmpdir(), 'haina-differential-'));
    const server = await sharedPostgres();
    const url = await server.createDatabase();
    const sqlite = await openSqliteStore({ dataDir: join(folder, 'empty') });
    const postgres = await openPostgresStore({ address: addressOf(url) });
    await Promise.all([sqlite.close(), postgres.close()]);
    return new StoreSource(folder, new URL(url).pathname.slice(1));
  }

  async open(): Promise<BothStores> {
    const dataDir = join(this.#folder, 'used');
    await cp(join(this.#folder, 'empty'), dataDir, { recursive: true });
    const server = await sharedPostgres();
    const url = await server.createDatabase(`TEMPLATE ${this.#template}`);
    // What a crash leaves is not the matter here.
    await server.admin(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET synchronous_commit = off`);
    const [sqlite, postgres] = await Promise.all([
      openSqliteStore({ dataDir }),
      openPostgresStore({ address: addressOf(url) }),
    ]);
    return {
      sqlite,
      postgres,
      async dispose() {
        await Promise.all([sqlite.close(), postgres.close()]);
        await Promise.all([server.dropDatabase(url), rm(dataDir, { recursive: true })]);
      },
    };
  }

  async dispose(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }
}
