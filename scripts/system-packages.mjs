// What the tests need beyond npm. Installed where that is possible, asked for where it is not.
import { spawnSync } from 'node:child_process';

const POSTGRES = { package: 'postgresql', commands: ['initdb', '/usr/lib/postgresql/*/bin/initdb'] };

const NEEDED = [
  { package: 'chromium', commands: ['chromium', 'chromium-browser', 'google-chrome'] },
  { package: 'protobuf-compiler', commands: ['protoc'] },
  // Debian keeps it where the paths of some users do not look.
  { package: 'nats-server', commands: ['nats-server', '/usr/sbin/nats-server'] },
  { package: 'redis-server', commands: ['redis-server', '/usr/bin/redis-server'] },
  // Only its programs: the cluster that Debian makes on installation is not touched.
  POSTGRES,
  { package: 'nginx', commands: ['nginx', '/usr/sbin/nginx'] },
  { package: 'haproxy', commands: ['haproxy', '/usr/sbin/haproxy'] },
  { package: 'pgbouncer', commands: ['pgbouncer', '/usr/sbin/pgbouncer'] },
];

/** Installs what is missing, or says which command does. In CI a missing package is a failure. */
export function requireSystemPackages() {
  const missing = NEEDED.filter(({ commands }) => !commands.some(isInstalled)).map(
    (needed) => needed.package,
  );
  if (missing.length === 0) return;
  if (canInstall()) {
    console.error(`installing ${missing.join(', ')} for the tests…`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    apt(['update', '-qq'], env);
    apt(['install', '-y', '-qq', '--no-install-recommends', ...missing], env);
    return;
  }
  console.error(`the tests need ${missing.join(', ')}: sudo apt-get install ${missing.join(' ')}`);
  if (process.env.CI) process.exit(1);
}

/** Whether the tests can start a PostgreSQL. */
export function hasPostgres() {
  return POSTGRES.commands.some(isInstalled);
}

function isInstalled(command) {
  return spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;
}

function canInstall() {
  return process.platform === 'linux' && process.getuid?.() === 0 && isInstalled('apt-get');
}

function apt(args, env) {
  const { status } = spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
  if (status !== 0) {
    console.error(`apt-get ${args.join(' ')} failed`);
    process.exit(1);
  }
}
