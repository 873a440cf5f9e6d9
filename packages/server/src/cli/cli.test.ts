import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createTokens } from '../auth/tokens.ts';
import { flagName } from '../config/load.ts';
import { SETTING_NAMES } from '../config/settings.ts';
import { run } from './cli-fixture.ts';

const SECRET = 'q7Zt2mX9vLr4Kc8sWb1nYd6fHj3gPa5e';
const { verifier } = createTokens({ secret: SECRET }, { now: () => Date.now() });

const folder = mkdtempSync(join(tmpdir(), 'haina-cli-'));
after(() => rmSync(folder, { recursive: true }));

/** A refusal is one line on standard error, nothing on standard output, and the code 1. */
async function refusal(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await run(args, { env, cwd: folder });
  assert.deepEqual([code, stdout], [1, ''], stderr);
  assert.match(stderr, /^haina: [^\n]+\n$/);
  return stderr.slice('haina: '.length, -1);
}

test('--help names the commands, and each has its own', async () => {
  const { code, stdout, stderr } = await run(['--help']);
  assert.deepEqual([code, stderr], [0, '']);
  for (const command of ['serve', 'token', 'migrate', 'doctor', 'copy', 'backup', 'restore']) {
    assert.match(stdout, new RegExp(`^  ${command} `, 'm'));
    const help = await run([command, '--help']);
    assert.equal(help.code, 0);
    assert.match(help.stdout, new RegExp(`^Usage: haina ${command} `));
    assert.ok(help.stdout.split('\n').every((line) => line.length <= 130));
  }
});

test('serve --help has a flag for every setting', async () => {
  const { stdout } = await run(['serve', '--help']);
  for (const name of SETTING_NAMES) assert.match(stdout, new RegExp(`^  ${flagName(name)} `, 'm'));
  for (const heading of [
    'Server:',
    'Authentication:',
    'Messages:',
    'Connections:',
    'STOMP:',
    'Log:',
    'Examples:',
  ]) {
    assert.ok(stdout.includes(`\n${heading}\n`), heading);
  }
});

test('--version is that of the package', async () => {
  assert.match((await run(['--version'])).stdout, /^\d+\.\d+\.\d+\S*\n$/);
});

test('token prints a token of the configured secret, and nothing else', async () => {
  const args = [
    'token',
    '--sub',
    'alice',
    '--app',
    'ak_demo_chat',
    '--role',
    'agent',
    '--name',
    'Alice',
    '--ttl',
    '1h',
  ];
  const before = Date.now();
  const { code, stdout, stderr } = await run(args, { env: { HAINA_SECRET: SECRET } });
  assert.deepEqual([code, stderr], [0, '']);
  const { principal, expiresAt } = await verifier.verify(stdout.trimEnd());
  assert.deepEqual(principal, { tenant: 'ak_demo_chat', userId: 'alice', role: 'agent', name: 'Alice' });
  assert.ok(expiresAt >= before + 3_600_000 && expiresAt <= Date.now() + 3_601_000);
});

test('token has defaults for everything but the user', async () => {
  const { stdout } = await run(['token', '--sub', 'alice', '--secret', SECRET]);
  const { principal } = await verifier.verify(stdout.trimEnd());
  assert.deepEqual(principal, { tenant: 'default', userId: 'alice', role: 'user', name: 'alice' });
});

test('token refuses what makes no token', async () => {
  assert.match(await refusal(['token', '--sub', 'alice']), /^no secret to sign with: set HAINA_SECRET/);
  const env = { HAINA_SECRET: SECRET };
  assert.match(await refusal(['token'], env), /required option '--sub <id>' not specified/);
  assert.match(await refusal(['token', '--sub', 'a/b'], env), /^--sub must be 1 to 64 letters/);
  assert.match(
    await refusal(['token', '--sub', 'a', '--role', 'root'], env),
    /Allowed choices are user, agent, admin/,
  );
  assert.match(
    await refusal(['token', '--sub', 'a', '--ttl', 'soon'], env),
    /^--ttl must be a time with its unit/,
  );
});

test('serve refuses to run without a key, or with a weak one', async () => {
  assert.match(await refusal(['serve']), /^no key to check tokens with: set HAINA_SECRET/);
  const weak = await refusal(['serve'], { HAINA_SECRET: 'hush-hush' });
  assert.match(weak, /^the secret has 9 bytes, 32 or more are needed/);
  assert.doesNotMatch(weak, /hush/);
  assert.match(
    await refusal(['serve', '--public-key-file', 'none.pem']),
    /^can't use the public key file none\.pem/,
  );
});

test('serve refuses bad settings by naming them and where they came from', async () => {
  const refused = await refusal(['serve', '--demo', '--port', '70000']);
  assert.equal(
    refused,
    'the setting port must be a whole number from 0 to 65535; "70000" came from flag --port',
  );
  assert.match(
    await refusal(['serve'], { HAINA_DEMO: 'perhaps' }),
    /"perhaps" came from variable HAINA_DEMO$/,
  );
  writeFileSync(join(folder, 'bad.json'), '{"prot": 1}');
  assert.match(
    await refusal(['serve', '--config', 'bad.json']),
    /unknown setting "prot"; did you mean "port"\?$/,
  );
});

test('a data folder that can not be used is refused', async () => {
  writeFileSync(join(folder, 'file'), '');
  const env = { HAINA_SECRET: SECRET };
  assert.match(
    await refusal(['serve', '--data-dir', 'file'], env),
    /^can't write to the data folder file: it is a file/,
  );
  assert.match(
    await refusal(['serve', '--data-dir', 'file/x'], env),
    /^can't write to the data folder file\/x: /,
  );
  if (process.getuid?.() === 0) return; // root may write anywhere
  mkdirSync(join(folder, 'locked'));
  chmodSync(join(folder, 'locked'), 0o500);
  assert.match(await refusal(['serve', '--data-dir', 'locked'], env), /: permission denied;/);
});

test('a file that is no database is refused', async () => {
  mkdirSync(join(folder, 'nonsense'));
  writeFileSync(
    join(folder, 'nonsense', 'haina.db'),
    'this is no database, whatever its name says'.repeat(100),
  );
  const args = ['--data-dir', 'nonsense'];
  assert.match(await refusal(['serve', ...args], { HAINA_SECRET: SECRET }), /^the database can't be used: /);
  assert.match(await refusal(['doctor', ...args]), /^the database can't be used: /);
});

test('--print-config shows all settings with their sources, masks secrets and does not start', async () => {
  writeFileSync(join(folder, 'good.json'), '{"sendRate": 3}');
  const args = [
    'serve',
    '--print-config',
    '--config',
    'good.json',
    '--port',
    '9000',
    '--metrics',
    'off',
    '--demo',
  ];
  const { code, stdout } = await run(args, { env: { HAINA_SECRET: SECRET }, cwd: folder });
  assert.equal(code, 0);
  assert.ok(!stdout.includes(SECRET));
  const printed = JSON.parse(stdout);
  assert.deepEqual(printed.sendRate, { value: 3, from: 'file good.json' });
  assert.deepEqual(printed.port, { value: 9000, from: 'flag --port' });
  assert.deepEqual(printed.metrics, { value: false, from: 'flag --metrics' });
  assert.deepEqual(printed.demo, { value: true, from: 'flag --demo' });
  assert.deepEqual(printed.secret, { value: '********', from: 'variable HAINA_SECRET' });
  assert.deepEqual(printed.host, { value: '127.0.0.1', from: 'default' });
});

test('a misspelt variable is refused by every command', async () => {
  const env = { HAINA_SENDRATE: '5', HAINA_SECRET: SECRET };
  for (const args of [
    ['serve'],
    ['doctor'],
    ['migrate'],
    ['token', '--sub', 'a'],
    ['backup', '--to', 'b'],
    ['restore', '--from', 'b'],
  ]) {
    assert.equal(
      await refusal(args, env),
      'the variable HAINA_SENDRATE is no setting; did you mean "HAINA_SEND_RATE"?',
    );
  }
});

test('a data folder that the system makes no room for is refused at once', {
  skip: process.platform !== 'linux',
}, async () => {
  for (const command of ['serve', 'migrate']) {
    const refused = await refusal([command, '--data-dir', '/proc/x'], { HAINA_SECRET: SECRET });
    assert.match(refused, /\/proc\/x: no folder can be made there/);
  }
});

test('an unknown command or flag is refused', async () => {
  const { code, stderr } = await run(['server']);
  assert.equal(code, 1);
  assert.match(stderr, /^haina: unknown command 'server'\n\(Did you mean serve\?\)\n$/);
  assert.match(await refusal(['doctor', '--unheard-of']), /unknown option '--unheard-of'/);
});

test('migrate makes the schema, once; doctor finds it well, and a missing database not', async () => {
  const args = ['--data-dir', join(folder, 'fresh')];
  const missing = await run(['doctor', ...args]);
  assert.equal(missing.code, 1);
  assert.match(missing.stdout, /there is no database at /);
  assert.match((await run(['migrate', ...args])).stdout, /went from version 0 to [1-9]/);
  assert.match((await run(['migrate', ...args])).stdout, /has version [1-9]\d* already/);
  const well = await run(['doctor', ...args]);
  assert.deepEqual([well.code, well.stderr], [0, '']);
  assert.match(well.stdout, /^findings +none$/m);
  const quick = await run(['doctor', '--quick', ...args]);
  assert.deepEqual([quick.code, quick.stderr], [0, '']);
  assert.match(quick.stdout, /^left out +all other conversations, older messages$/m);
  assert.equal((await run(['doctor', '--quick', '--data-dir', join(folder, 'none')])).code, 1);
});

test('a server may check tokens by a public key alone', async () => {
  const publicKeyFile = join(folder, 'key.pem');
  writeFileSync(
    publicKeyFile,
    generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }),
  );
  const { code } = await run(['serve', '--print-config', '--public-key-file', publicKeyFile]);
  assert.equal(code, 0);
});
