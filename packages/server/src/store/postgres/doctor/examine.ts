import type { PostgresAddress } from '../../../config/store-url.ts';
import { Connection } from '../connect.ts';
import { readServer } from '../server-check.ts';
import { placeOf, whyUnusable } from '../start.ts';
import { type ContentReport, lookAtAll, lookAtNewest, type OnCheck } from './content-look.ts';
import { durabilityLines } from './durability-lines.ts';
import { bad, type Line, ok } from './line.ts';
import { connectionLines, timeoutLine } from './room-lines.ts';
import { lookAtSchema } from './schema-lines.ts';
import { clockLine, poolerLines, requirementLines, tlsLine } from './server-lines.ts';
import { readSettings, type Settings } from './settings.ts';
import { ownershipLine, sizeLines } from './table-lines.ts';

const SESSION = { name: 'haina/doctor', statementTimeout: 30_000, lockTimeout: 5000 };

export interface ExamineOptions {
  /** Looks at what was written last only, and takes some seconds. */
  readonly isQuick: boolean;
  /** Told as each check of what is stored begins. */
  onCheck?: OnCheck;
  /** This machine's clock, in ms since 1970. */
  now?(): number;
}

export interface PostgresReport {
  /** Where it is, and who we are there; no secrets. */
  readonly where: string;
  readonly lines: readonly Line[];
  /** Absent where the schema is none that this haina knows. */
  readonly content?: ContentReport;
}

/** Looks at a PostgreSQL database and its server, also beside servers that run on it. Changes nothing. */
export async function examinePostgres(
  address: PostgresAddress,
  { isQuick, onCheck = () => {}, now = Date.now }: ExamineOptions,
): Promise<PostgresReport> {
  const where = `${placeOf(address)}, database "${address.database}", as "${address.user}"`;
  // What the whole look takes nobody knows beforehand.
  const session = isQuick ? SESSION : { ...SESSION, statementTimeout: 0 };
  const begun = performance.now();
  let connection: Connection;
  try {
    connection = await Connection.open(address, session);
  } catch (error) {
    const advice = 'the table "When it does not start" of docs/postgresql.md says what to do';
    return { where, lines: [bad('reachable', whyUnusable(error, address), advice)] };
  }
  try {
    const reached = ok('reachable', `in ${Math.round(performance.now() - begun)} ms`);
    const settings = await readSettings(connection);
    const lines = [reached, ...(await serverLines(connection, settings, address, now))];
    const schema = await lookAtSchema(connection);
    lines.push(...schema.lines);
    if (!schema.isKnown) return { where, lines };
    lines.push(await ownershipLine(connection), ...(await sizeLines(connection, settings)));
    const look = isQuick ? lookAtNewest : lookAtAll;
    return { where, lines, content: await look(connection, onCheck) };
  } finally {
    await connection.close();
  }
}

async function serverLines(
  connection: Connection,
  settings: Settings,
  address: PostgresAddress,
  now: () => number,
): Promise<Line[]> {
  const server = await readServer(connection);
  return [
    ...requirementLines(server),
    ...(await poolerLines(server, connection, () => Connection.open(address, SESSION))),
    await tlsLine(connection, address),
    ...(await durabilityLines(connection, settings)),
    ...(await connectionLines(connection, settings)),
    timeoutLine(settings),
    await clockLine(connection, now),
  ];
}
