import { readFileSync } from 'node:fs';
import { StartError } from './start-error.ts';

/** Where the servers of one NATS cluster are, and who we are there. */
export interface NatsAccess {
  /** `host:port` each, or `host` alone for the usual port. */
  readonly servers: readonly string[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Whether a server without TLS is refused. */
  readonly needsTls: boolean;
}

/**
 * Reads URLs such as `nats://name:password@host:port` or `tls://host`, whose form their setting has checked. Throws a
 * StartError that names the setting and shows no password.
 */
export function parseNatsUrls(urls: readonly string[], setting: string): NatsAccess {
  const parsed = urls.map((url) => parseUrl(url, setting));
  const named = parsed.find(({ username }) => username !== '');
  return {
    servers: parsed.map(({ host }) => host),
    user: named && decoded(named.username, setting),
    password: named && decoded(named.password, setting),
    needsTls: parsed.some(({ protocol }) => protocol === 'tls:'),
  };
}

/** Reads a file of credentials as `nsc` writes it. Throws a StartError that names the setting. */
export function readNatsCredentials(file: string, setting: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new StartError(`can't read ${setting}: ${(cause as Error).message}`, { cause });
  }
}

/** The error of `URL` would show the password. */
function parseUrl(url: string, setting: string): URL {
  const parsed = URL.parse(url);
  if (parsed) return parsed;
  throw new StartError(`${setting} holds what is no URL`);
}

function decoded(text: string, setting: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new StartError(
      `a name or password in ${setting} has a % that is not followed by the code of a character; write %25`,
    );
  }
}
