import type { Command } from 'commander';
import { requireRestored } from '../backup/unfinished-restore.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/settings.ts';
import { StartError } from '../config/start-error.ts';
import { parseStore, StoreFault } from '../config/store-url.ts';
import { type CopiedTable, isEqual } from '../store/copy/copy.ts';
import { type EndChoice, openEnd } from '../store/copy/open-end.ts';
import { ProgressBar } from './progress.ts';
import { addSettingOptions, type ParsedFlags, settingsOf } from './setting-options.ts';

const EPILOGUE = `
A side is sqlite:FOLDER, a URL postgres://user:password@host:port/database, or the word store for what HAINA_STORE and
HAINA_DATA_DIR name: a URL among the flags shows in process lists. Servers of both sides must be stopped. The target is
empty; its schema is made. A copy that was broken off goes on where it was if the same command is run again.

The files that users sent are not in the database: use the same data folder or bucket, or copy data/files.

Exits with 0 once both sides were read again and hold the same, with 1 otherwise.

Examples:
  HAINA_STORE=postgres://... haina copy --from sqlite:./data --to store
  HAINA_STORE=postgres://... haina copy --from store --to sqlite:./data`;

interface CopyFlags extends ParsedFlags {
  readonly from: string;
  readonly to: string;
}

export function addCopy(program: Command): void {
  const command = program
    .command('copy')
    .summary('copy the store from one database to another')
    .description('Copy everything in the store from SQLite to PostgreSQL, or the other way round.')
    .requiredOption('--from <store>', 'what is copied')
    .requiredOption('--to <store>', 'an empty one, or what has a part of this copy already');
  addSettingOptions(command, ['dataDir', 'store']).addHelpText('after', EPILOGUE).action(copy);
}

async function copy(flags: CopyFlags): Promise<void> {
  const { config } = loadConfig({ ...settingsOf(flags), env: process.env });
  const [from, to] = [endOf(flags.from, '--from', config), endOf(flags.to, '--to', config)];
  if (JSON.stringify(from) === JSON.stringify(to)) throw new StartError('--from and --to are the same');
  const [{ copyStore }, { newestVersion }] = await Promise.all([
    import('../store/copy/copy.ts'),
    import('../store/sqlite/migrations.ts'),
  ]);
  const { isSocketError, reasonOf } = await import('../store/postgres/errors.ts');
  const progress = new ProgressBar(undefined, (rows) => `${rows} rows`);
  const source = await openEnd(from, 'source');
  try {
    const target = await openEnd(to, 'target');
    try {
      const watch = {
        begin: (what: string, total: number) => progress.begin(what, total),
        reach: (rows: number) => progress.reach(rows),
        end: () => progress.end(),
        say: (text: string) => console.log(text),
      };
      print(await copyStore(source, target, newestVersion(), watch));
    } finally {
      await target.close();
    }
  } catch (error) {
    if (!isSocketError(error)) throw error;
    throw new StartError(
      `the connection to PostgreSQL broke: ${reasonOf(error)}; run the same command again, it goes on where it was`,
      { cause: error },
    );
  } finally {
    progress.clear();
    await source.close();
  }
}

function endOf(text: string, flag: string, { store, dataDir }: Config): EndChoice {
  const folder = /^sqlite:(.+)$/.exec(text)?.[1];
  if (folder !== undefined) return inFolder(folder);
  try {
    const choice = parseStore(text === 'store' ? store : text);
    return choice.kind === 'sqlite' ? inFolder(dataDir) : choice;
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error;
    const reason = error.message.replace(/^must be sqlite or/, 'must be store, sqlite:FOLDER or');
    throw new StartError(`${flag} ${reason}`, { cause: error });
  }
}

function inFolder(dataDir: string): EndChoice {
  requireRestored(dataDir);
  return { kind: 'sqlite', dataDir };
}

function print(tables: readonly CopiedTable[]): void {
  const width = Math.max(...tables.map(({ name }) => name.length));
  for (const table of tables) {
    const { name, source, target } = table;
    const verdict = isEqual(table) ? 'equal' : `DIFFERS: the copy has ${target.rows} rows, ${target.sum}`;
    console.log(`${name.padEnd(width)}  ${String(source.rows).padStart(10)} rows  ${source.sum}  ${verdict}`);
  }
  const different = tables.filter((table) => !isEqual(table)).map(({ name }) => name);
  if (different.length > 0) {
    throw new StartError(
      `the copy is not what the source is, in ${different.join(', ')}: the source was used meanwhile, or a database is damaged; empty the target and copy again`,
    );
  }
  console.log('copied, and both sides hold the same; the files that users sent are not part of it');
}
