/** Where a Redis server is, and who we are there. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  /** Undefined where the server is to ask for none. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  readonly isTls: boolean;
  /** PEM files: the authorities that may have signed the server's certificate, and our own certificate with its key. */
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

/** What is wrong with a setting `redisUrl`, in words that finish "the setting redisUrl …" and show nothing of it. */
export class RedisUrlFault extends Error {
  override readonly name = 'RedisUrlFault';
}

const DEFAULT_PORT = 6379;
/** In the words of Redis's own command line. */
const PARAMETERS = ['cacert', 'cert', 'key'];
const FORM = 'redis://user:password@host:port/database';

/** Reads the setting `redisUrl`. Throws a `RedisUrlFault`. */
export function parseRedisUrl(setting: string): RedisAddress {
  if (!/^rediss?:\/\//.test(setting)) throw new RedisUrlFault(`must be a URL ${FORM}, or rediss://… for TLS`);
  const url = URL.parse(setting);
  // A fragment, a path of several parts or a port that is none are most often a password that is not encoded.
  if (url?.hash !== '' || /[/@]/.test(url.pathname.slice(1)) || /\s/.test(setting)) {
    throw new RedisUrlFault(
      `is no URL ${FORM}; write characters such as / @ # % : and spaces in user and password percent-encoded`,
    );
  }
  return {
    host: hostOf(url),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    ...loginOf(url),
    database: databaseOf(url.pathname.slice(1)),
    ...tlsOf(url),
  };
}

function hostOf({ hostname, port }: URL): string {
  const host = decoded(hostname).replace(/^\[(.*)\]$/, '$1');
  if (host === '') throw new RedisUrlFault('names no host');
  if (port === '0') throw new RedisUrlFault('has the port 0');
  return host;
}

function loginOf({ username, password }: URL) {
  if (username !== '' && password === '') {
    throw new RedisUrlFault(
      'has a user without a password; one that has only a password is redis://:password@host',
    );
  }
  return {
    user: username === '' ? undefined : decoded(username),
    password: password === '' ? undefined : decoded(password),
  };
}

function databaseOf(text: string): number {
  if (text === '') return 0;
  if (!/^\d{1,5}$/.test(text))
    throw new RedisUrlFault('needs the number of a database after the host, such as /0');
  return Number(text);
}

function tlsOf({ protocol, searchParams }: URL) {
  const isTls = protocol === 'rediss:';
  for (const name of searchParams.keys()) {
    if (!PARAMETERS.includes(name)) {
      throw new RedisUrlFault(`has the unknown parameter "${name}"; it may have ${PARAMETERS.join(', ')}`);
    }
    if (!isTls) throw new RedisUrlFault(`has the parameter ${name}, which only rediss:// takes`);
    if (searchParams.getAll(name).length > 1) throw new RedisUrlFault(`has the parameter ${name} twice`);
    if (searchParams.get(name) === '') throw new RedisUrlFault(`has the parameter ${name} without a value`);
  }
  const [caFile, certFile, keyFile] = PARAMETERS.map((name) => searchParams.get(name) ?? undefined);
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new RedisUrlFault('needs cert and key together');
  return { isTls, caFile, certFile, keyFile };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RedisUrlFault('has a % that is not followed by the code of a character; write %25');
  }
}
