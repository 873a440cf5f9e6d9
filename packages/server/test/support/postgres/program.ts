import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** Oldest major version that haina supports. */
const MIN_MAJOR = 15;

/** PostgreSQL's own programs, and the user that runs them. */
export interface PostgresProgram {
  /** Folder of `postgres` and `initdb`. */
  readonly bin: string;
  /** Such as `postgres (PostgreSQL) 15.14`. */
  readonly version: string;
  /** PostgreSQL refuses to run as root; undefined where this process is not root. */
  readonly account: Account | undefined;
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** What is in PATH goes first, then the newest version that Debian's packages installed. */
export const POSTGRES: PostgresProgram | undefined = findPostgres();

/** Why tests that need PostgreSQL are left out; false where they run. */
export const SKIP_POSTGRES =
  POSTGRES === undefined &&
  !process.env.CI &&
  `needs PostgreSQL ${MIN_MAJOR} or newer: sudo apt-get install postgresql`;

function findPostgres(): PostgresProgram | undefined {
  const inPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  // Debian links `initdb` nowhere, but `postgres` may be a link.
  const ofDebian = globSync('/usr/lib/postgresql/*/bin').sort((a, b) => majorOf(b) - majorOf(a));
  for (const bin of [...inPath, ...ofDebian]) {
    if (!['postgres', 'initdb'].every((name) => existsSync(join(bin, name)))) continue;
    const version = execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }).trim();
    if (Number(/ (\d+)/.exec(version)?.[1]) >= MIN_MAJOR) return { bin, version, account: findAccount() };
  }
  return undefined;
}

function majorOf(bin: string): number {
  return Number(dirname(bin).split('/').at(-1));
}

function findAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return accountOf('postgres') ?? accountOf('nobody');
}

function accountOf(user: string): Account | undefined {
  try {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: 'pipe' })),
    );
    return uid === undefined || gid === undefined ? undefined : { uid, gid };
  } catch {
    return undefined;
  }
}
