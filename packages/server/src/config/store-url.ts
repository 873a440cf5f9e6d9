/** How far the server's certificate is checked, in the words of PostgreSQL's own clients. */
export const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

export type SslMode = (typeof SSL_MODES)[number];

/** Where a PostgreSQL database is, and who we are there. */
export interface PostgresAddress {
  /** A name or an address, or the absolute path of a folder with a socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Undefined where the server is to ask for none. */
  readonly password: string | undefined;
  readonly sslMode: SslMode;
  /** PEM files: the authorities that may have signed the server's certificate, and our own certificate with its key. */
  readonly sslRootCert: string | undefined;
  readonly sslCert: string | undefined;
  readonly sslKey: string | undefined;
  readonly applicationName: string | undefined;
  /** How long a connection may take to open, in ms. */
  readonly connectTimeout: number;
}

/** Where the store is: embedded in the data folder, or in a PostgreSQL database. */
export type StoreChoice =
  | { readonly kind: 'sqlite' }
  | { readonly kind: 'postgres'; readonly address: PostgresAddress };

/** What is wrong with a setting `store`, in words that finish "the setting store …" and show nothing of it. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
}

const DEFAULT_PORT = 5432;
const DEFAULT_CONNECT_TIMEOUT_S = 10;
const MAX_CONNECT_TIMEOUT_S = 600;

const PARAMETERS = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'application_name', 'connect_timeout'];

/** Reads the setting `store`. Throws a `StoreFault`. */
export function parseStore(setting: string): StoreChoice {
  if (setting === 'sqlite') return { kind: 'sqlite' };
  if (!/^postgres(ql)?:\/\//.test(setting)) {
    throw new StoreFault('must be sqlite or a URL postgres://user:password@host:port/database');
  }
  return { kind: 'postgres', address: parseAddress(setting) };
}

function parseAddress(setting: string): PostgresAddress {
  const url = URL.parse(setting);
  // A fragment, a path of several parts or a port that is none are most often a password that is not encoded.
  if (url?.hash !== '' || /[/@]/.test(url.pathname.slice(1)) || /\s/.test(setting)) {
    throw new StoreFault(
      'is no URL postgres://user:password@host:port/database; write characters such as / @ # % : and spaces in user, password or database percent-encoded',
    );
  }
  return {
    host: hostOf(url),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    database: partOf(url.pathname.slice(1), 'database'),
    user: partOf(url.username, 'user'),
    password: url.password === '' ? undefined : decoded(url.password),
    ...parametersOf(url),
  };
}

function hostOf({ hostname, port }: URL): string {
  const host = decoded(hostname).replace(/^\[(.*)\]$/, '$1');
  if (host === '') throw new StoreFault('names no host');
  if (port === '0') throw new StoreFault('has the port 0');
  return host;
}

function partOf(encoded: string, name: string): string {
  const part = decoded(encoded);
  if (part === '') throw new StoreFault(`names no ${name}`);
  if (part.includes('\0')) throw new StoreFault(`has a NUL in its ${name}`);
  return part;
}

function parametersOf({ searchParams, hostname }: URL) {
  const given = new Map<string, string>();
  for (const [name, value] of searchParams) {
    if (!PARAMETERS.includes(name)) {
      throw new StoreFault(`has the unknown parameter "${name}"; it may have ${PARAMETERS.join(', ')}`);
    }
    if (given.has(name)) throw new StoreFault(`has the parameter ${name} twice`);
    if (value === '') throw new StoreFault(`has the parameter ${name} without a value`);
    given.set(name, value);
  }
  return {
    ...tlsOf(given, /^(%2f|\/)/i.test(hostname)),
    applicationName: given.get('application_name'),
    connectTimeout: connectTimeoutOf(given.get('connect_timeout')),
  };
}

function tlsOf(given: ReadonlyMap<string, string>, isSocket: boolean) {
  const [sslRootCert, sslCert, sslKey] = ['sslrootcert', 'sslcert', 'sslkey'].map((name) => given.get(name));
  const sslMode = sslModeOf(given.get('sslmode') ?? 'prefer', sslRootCert !== undefined);
  if ((sslCert === undefined) !== (sslKey === undefined)) {
    throw new StoreFault('needs sslcert and sslkey together');
  }
  if (isSocket && given.has('sslmode') && sslMode !== 'disable' && sslMode !== 'prefer') {
    throw new StoreFault(`asks for sslmode ${sslMode}, which a socket of this machine does not have`);
  }
  return { sslMode: isSocket ? ('disable' as const) : sslMode, sslRootCert, sslCert, sslKey };
}

function sslModeOf(given: string, hasRoot: boolean): SslMode {
  const mode = SSL_MODES.find((each) => each === given);
  if (!mode) throw new StoreFault(`has an unknown sslmode; it may be ${SSL_MODES.join(', ')}`);
  // Any web site's certificate would pass.
  if (mode === 'verify-ca' && !hasRoot) {
    throw new StoreFault('needs sslrootcert for sslmode verify-ca; verify-full does without');
  }
  // As with PostgreSQL's own clients: who names an authority wants it to be checked.
  return mode === 'require' && hasRoot ? 'verify-ca' : mode;
}

function connectTimeoutOf(given = String(DEFAULT_CONNECT_TIMEOUT_S)): number {
  const seconds = /^\d{1,3}$/.test(given) ? Number(given) : 0;
  if (seconds < 1 || seconds > MAX_CONNECT_TIMEOUT_S) {
    throw new StoreFault(`needs a connect_timeout from 1 to ${MAX_CONNECT_TIMEOUT_S} seconds`);
  }
  return seconds * 1000;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new StoreFault('has a % that is not followed by the code of a character; write %25');
  }
}
