import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../make-folder.ts';
import type { Config } from './settings.ts';
import { StartError } from './start-error.ts';

const MIN_SECRET_BYTES = 32;
const MIN_DIFFERENT_CHARACTERS = 8;

/** Secrets long enough to pass that everybody knows from examples, without their punctuation. */
const KNOWN_SECRETS = [
  'astringsecretatleast256bitslong',
  'your256bitsecret',
  'yoursecretkey',
  'yourjwtsecret',
  'changeme',
  'secretsecret',
  'supersecret',
  'mysecretkey',
  'passwordpassword',
  '0123456789abcdef0123456789abcdef',
  'abcdefghijklmnopqrstuvwxyz',
  '12345678901234567890',
];

/**
 * Refuses (StartError) to serve with keys that don't keep strangers out: none at all, or a secret that is short, well
 * known or monotonous. Demo mode takes anything.
 */
export function requireSafeKeys(config: Config): void {
  if (config.demo) return;
  if (config.secret === undefined && config.publicKeyFile === undefined && config.jwksUrl === undefined) {
    throw new StartError(
      'no key to check tokens with: set HAINA_SECRET (make one with: openssl rand -base64 48), HAINA_PUBLIC_KEY_FILE or HAINA_JWKS_URL, or try things out with --demo',
    );
  }
  if (config.secret !== undefined) requireStrongSecret(config.secret);
}

function requireStrongSecret(secret: string): void {
  const remedy = 'make one with: openssl rand -base64 48';
  const length = Buffer.byteLength(secret);
  if (length < MIN_SECRET_BYTES) {
    throw new StartError(`the secret has ${length} bytes, ${MIN_SECRET_BYTES} or more are needed; ${remedy}`);
  }
  const plain = secret.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (KNOWN_SECRETS.some((known) => plain.includes(known))) {
    throw new StartError(`the secret is one that everybody knows from examples; ${remedy}`);
  }
  if (new Set(secret).size < MIN_DIFFERENT_CHARACTERS) {
    throw new StartError(`the secret repeats too few different characters to be random; ${remedy}`);
  }
}

/** The configuration with, in demo mode, a secret: the configured one, else the data folder's own, made when missing. */
export function withDemoSecret(config: Config): Config {
  if (!config.demo || config.secret !== undefined) return config;
  return Object.freeze({ ...config, secret: demoSecret(config.dataDir) });
}

/** The demo secret of a data folder, or undefined where none was made. */
export function findDemoSecret(dataDir: string): string | undefined {
  try {
    return readFileSync(demoSecretFile(dataDir), 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

function demoSecret(dataDir: string): string {
  const known = findDemoSecret(dataDir);
  if (known) return known;
  const secret = randomBytes(48).toString('base64url');
  const file = demoSecretFile(dataDir);
  try {
    makeFolder(dataDir);
    // Renamed into place, so that a crash leaves no half of a secret behind.
    writeFileSync(`${file}.new`, `${secret}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw new StartError(`can't keep a secret in the data folder ${dataDir}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return secret;
}

function demoSecretFile(dataDir: string): string {
  return join(dataDir, 'demo-secret');
}
