import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostgresProgram } from './program.ts';

/** The superuser of the test servers. */
export const SUPERUSER = { name: 'postgres', password: 'superuser of the tests' };

const CACHE = join(import.meta.dirname, '../../../../../node_modules/.cache/postgres');

/**
 * Order by a language, as most installations do: a statement that relies on the order of code points and does not say so
 * fails in the tests already.
 */
const INITDB = [
  ...['--username', SUPERUSER.name],
  ...['--auth', 'scram-sha-256'],
  ...['--encoding', 'UTF8'],
  ...['--locale', 'C.UTF-8'],
  ...['--locale-provider', 'icu', '--icu-locale', 'en-US'],
  '--no-sync',
];

/** Makes a folder of its own for a server: `data` in it is a fresh data folder, and there is room for a socket. */
export function makeDataFolder(program: PostgresProgram): string {
  const template = templateOf(program);
  const folder = makeFolder(program);
  try {
    execFileSync('cp', ['-R', template, join(folder, 'data')], { stdio: 'pipe' });
    handOver(program, folder);
    return folder;
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
}

/** Gives all that is in a folder to the user that PostgreSQL runs as. */
export function handOver({ account }: PostgresProgram, path: string): void {
  if (account) execFileSync('chown', ['-R', `${account.uid}:${account.gid}`, path]);
}

/** `initdb` takes a second or more: its result is kept for all later servers of this version. */
function templateOf(program: PostgresProgram): string {
  const key = createHash('sha256')
    .update(JSON.stringify([program.version, process.getuid?.(), INITDB, SUPERUSER]))
    .digest('hex');
  const template = join(CACHE, key.slice(0, 16));
  if (!existsSync(template)) makeTemplate(program, template);
  return template;
}

function makeTemplate(program: PostgresProgram, template: string): void {
  const folder = makeFolder(program);
  try {
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, SUPERUSER.password);
    handOver(program, folder);
    const args = [...INITDB, '--pwfile', passwordFile, '--pgdata', join(folder, 'data')];
    execFileSync(join(program.bin, 'initdb'), args, { ...program.account, cwd: folder, stdio: 'pipe' });
    mkdirSync(CACHE, { recursive: true });
    // Moved into place, so that nobody takes half of it.
    const copy = mkdtempSync(join(CACHE, 'new-'));
    execFileSync('cp', ['-R', join(folder, 'data'), copy]);
    moveUnlessThere(join(copy, 'data'), template);
    rmSync(copy, { recursive: true });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Another test process may have been quicker. */
function moveUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

/** Its path is short, as that of a socket in it has a limit. */
function makeFolder(program: PostgresProgram): string {
  const folder = mkdtempSync(join(tmpdir(), 'haina-pg-'));
  handOver(program, folder);
  return folder;
}
