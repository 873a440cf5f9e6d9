import type { Connection } from '../connect.ts';
import { hasHalfCopy, type SchemaState, schemaState } from '../migrate.ts';
import { POSTGRES_MIGRATIONS } from '../migrations.ts';
import { bad, type Line, note, ok } from './line.ts';

export interface SchemaLook {
  readonly version: number;
  /** Whether the tables are those that this haina knows. */
  readonly isKnown: boolean;
  readonly lines: readonly Line[];
}

export async function lookAtSchema(connection: Connection): Promise<SchemaLook> {
  const known = POSTGRES_MIGRATIONS.at(-1)?.version ?? 0;
  const state = await schemaState(connection);
  const lines = [versionLine(state, known), ...((await hasHalfCopy(connection)) ? [HALF_COPY] : [])];
  const isKnown = state.version >= known && state.usableFrom <= known;
  return { version: state.version, isKnown, lines };
}

const HALF_COPY = bad(
  'copy',
  'a copy into this database is not done, and no server starts on it',
  'run the same haina copy again: it goes on where it was',
);

function versionLine({ version, usableFrom }: SchemaState, known: number): Line {
  const what = 'schema';
  if (version === known) return ok(what, `version ${version}`);
  if (version === 0) return note(what, 'none yet', 'start a server, or run: haina migrate');
  if (version < known) {
    return bad(what, `has version ${version}, this haina knows ${known}`, 'run: haina migrate');
  }
  const says = `has version ${version}, of a newer haina; this one knows ${known}`;
  if (usableFrom > known) return bad(what, says, 'use a newer haina');
  return note(what, `${says} and may work on it`, 'use a newer haina soon');
}
