import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { POSTGRES_MIGRATIONS } from '../../src/store/postgres/migrations.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const MIGRATIONS = 'packages/server/src/store/postgres/migrations.ts';

/** The last program before the newest step of the schema. */
export interface PreviousVersion {
  readonly commit: string;
  /** The schema that it knows. */
  readonly version: number;
}

/** That version, or why it can't be had. With `CI` set the history must be there, unless the clone is a shallow one. */
export function findPrevious(): PreviousVersion | string {
  if (!isCheckout()) return 'needs a git checkout: the version before is in its history';
  const newest = POSTGRES_MIGRATIONS.at(-1)?.version ?? 0;
  // The newest commit first. What is not committed yet has HEAD before it.
  const commits = ['HEAD', ...git('log', '--format=%H', '--', MIGRATIONS).split('\n')].filter(Boolean);
  const raised = commits.filter((commit) => versionAt(commit) === newest).at(-1);
  const commit = git('rev-parse', '--verify', '--quiet', raised === undefined ? 'HEAD' : `${raised}^`);
  const version = commit === '' ? 0 : versionAt(commit);
  if (version > 0 && version < newest) return { commit, version };
  const reason = `the history has no program before schema version ${newest}`;
  if (process.env.CI && git('rev-parse', '--is-shallow-repository') !== 'true') throw new Error(reason);
  return reason;
}

/** Unpacks that program, with the packages of this one, into a folder of its own. Returns the folder and its `main.ts`. */
export function unpack({ commit }: PreviousVersion): { folder: string; main: string } {
  const folder = mkdtempSync(join(tmpdir(), 'haina-previous-'));
  const packed = execFileSync('git', ['archive', commit, 'packages', 'package.json'], {
    cwd: ROOT,
    maxBuffer: 2 ** 30,
  });
  execFileSync('tar', ['-x', '-C', folder], { input: packed });
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@haina'), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (!['@haina', '.cache'].includes(name))
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  // Its own, and not those beside this test.
  for (const name of readdirSync(join(folder, 'packages'))) {
    symlinkSync(join(folder, 'packages', name), join(modules, '@haina', name));
  }
  return { folder, main: join(folder, 'packages/server/src/main.ts') };
}

/** The newest step that a commit knows; 0 where it knows none. */
function versionAt(commit: string): number {
  const text = git('show', `${commit}:${MIGRATIONS}`);
  return Math.max(0, ...[...text.matchAll(/^\s+version: (\d+),$/gm)].map(([, version]) => Number(version)));
}

/** Not so in an unpacked release, even within another repository. */
function isCheckout(): boolean {
  return git('ls-files', MIGRATIONS) !== '';
}

/** What git says, or nothing where it fails. */
function git(...args: readonly string[]): string {
  try {
    return execFileSync('git', args, {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}
