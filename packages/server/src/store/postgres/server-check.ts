import type { Connection } from './connect.ts';

/** The oldest version that the store is tested with. */
const MIN_VERSION = 15;

/** What a server says of itself and of our session. */
export interface ServerRow {
  readonly version: string;
  readonly version_number: number;
  readonly encoding: string;
  readonly conforming: string;
  readonly in_recovery: number;
  readonly read_only: string;
  readonly schema: string | null;
  readonly may_use: number | null;
  readonly may_create: number | null;
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly role: string;
  readonly database: string;
  readonly pid: number;
}

/** What keeps a server from being used. */
export class UnusableServer extends Error {
  override readonly name = 'UnusableServer';
  /** Whether that may pass by itself, as a standby may become the primary. */
  readonly mayPass: boolean;

  constructor(message: string, mayPass = false) {
    super(message);
    this.mayPass = mayPass;
  }
}

const QUERY = `
  SELECT current_setting('server_version') AS version,
         current_setting('server_version_num')::int AS version_number,
         current_setting('server_encoding') AS encoding,
         current_setting('standard_conforming_strings') AS conforming,
         pg_is_in_recovery() AS in_recovery,
         current_setting('transaction_read_only') AS read_only,
         current_schema() AS schema,
         has_schema_privilege(current_schema(), 'USAGE') AS may_use,
         has_schema_privilege(current_schema(), 'CREATE') AS may_create,
         current_setting('fsync') AS fsync,
         current_setting('full_page_writes') AS full_page_writes,
         current_user AS role,
         current_database() AS database,
         pg_backend_pid() AS pid`;

/** Something without which no store can live there. */
export interface Requirement {
  readonly what: string;
  /** Throws `UnusableServer`. */
  require(server: ServerRow): void;
  /** What is well, in words. */
  describe(server: ServerRow): string;
}

/** In the order in which they are looked at: what comes first is mended first. */
export const REQUIREMENTS: readonly Requirement[] = [
  { what: 'version', require: requireVersion, describe: ({ version }) => version },
  { what: 'encoding', require: requireEncoding, describe: ({ encoding }) => encoding },
  { what: 'texts', require: requireConformingStrings, describe: () => 'standard_conforming_strings is on' },
  { what: 'writes', require: requireWritable, describe: () => 'taken: no standby, not read-only' },
  {
    what: 'rights',
    require: requireRights,
    describe: ({ role, schema }) => `"${role}" may make tables in the schema "${schema}"`,
  },
];

export async function readServer(connection: Connection): Promise<ServerRow> {
  return (await connection.query({ text: QUERY })).rows[0];
}

/** A server where a store can live. */
export interface UsableServer {
  readonly server: ServerRow;
  /** What the operator should know all the same. */
  readonly warnings: readonly string[];
}

/** Looks whether a store can live there. Throws `UnusableServer`. */
export async function requireUsableServer(connection: Connection): Promise<UsableServer> {
  const server = await readServer(connection);
  for (const { require } of REQUIREMENTS) require(server);
  return { server, warnings: safeguardsOff(server) };
}

function requireVersion({ version, version_number }: ServerRow): void {
  if (version_number >= MIN_VERSION * 10_000) return;
  throw new UnusableServer(`is version ${version}; ${MIN_VERSION} or newer is needed`);
}

function requireEncoding({ encoding, database }: ServerRow): void {
  if (encoding === 'UTF8') return;
  throw new UnusableServer(
    `keeps the database "${database}" in ${encoding}; make one with: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`,
  );
}

function requireConformingStrings({ conforming }: ServerRow): void {
  if (conforming !== 'on') throw new UnusableServer('has standard_conforming_strings off; it must be on');
}

function requireWritable({ in_recovery, read_only }: ServerRow): void {
  if (in_recovery) throw new UnusableServer('is a standby, which takes no writes', true);
  if (read_only === 'on') {
    throw new UnusableServer('takes no writes: default_transaction_read_only is on', true);
  }
}

function requireRights({ schema, may_use, may_create, role, database }: ServerRow): void {
  if (schema === null) {
    throw new UnusableServer(
      `has none of the schemas in the search_path of "${role}" in the database "${database}"`,
    );
  }
  if (!may_use || !may_create) {
    throw new UnusableServer(
      `does not let "${role}" make tables in the schema "${schema}" of the database "${database}"; allow it with: GRANT USAGE, CREATE ON SCHEMA "${schema}" TO "${role}"`,
    );
  }
}

function safeguardsOff({ fsync, full_page_writes }: ServerRow): string[] {
  const off = Object.entries({ fsync, full_page_writes }).filter(([, value]) => value === 'off');
  return off.map(
    ([name]) => `PostgreSQL has ${name} off: a crash of its machine can lose or damage what was confirmed`,
  );
}
