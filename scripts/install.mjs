// Installs what the project needs, runtime included, when the lock file says something is missing.
// Runs on the machine's own Node (20.19 or newer), before anything of the project can be imported.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lock } from './lock.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.haina-install');
const packages = readFileSync(join(root, 'package-lock.json'));
const wanted = `${createHash('sha256').update(packages).digest('hex')} ${process.platform}-${process.arch}`;

function isInstalled() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
}

function install() {
  console.error('haina: installing packages and the pinned runtime (the first time only)…');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const result = npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: ['ignore', 2, 2] })
    : spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (result.status !== 0) {
    console.error('haina: the installation failed; the lines above say why. Try again with: npm ci');
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}

if (!isInstalled()) {
  // Two at once would delete each other's packages.
  const unlock = await lock(`haina-install ${realpathSync(root)}`, () =>
    console.error('haina: another process is installing here; waiting for it…'),
  );
  if (!isInstalled()) install();
  unlock();
}
