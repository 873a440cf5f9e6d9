import type { Connection } from '../connect.ts';
import { bad, type Line, note, ok } from './line.ts';
import type { Settings } from './settings.ts';

const CRASH = 'a crash of its machine can lose or damage what was confirmed';

/** How durable a RECEIPT is. */
export async function durabilityLines(connection: Connection, settings: Settings): Promise<Line[]> {
  return [
    safeguardLine('fsync', settings),
    safeguardLine('full_page_writes', settings),
    commitLine(settings),
    await standbyLine(connection, settings),
    checksumLine(settings),
  ];
}

function safeguardLine(name: 'fsync' | 'full_page_writes', settings: Settings): Line {
  if (settings[name] === 'on') return ok(name, 'on');
  return bad(name, `off: ${CRASH}`, `set ${name} = on in postgresql.conf, and reload`);
}

function commitLine({ synchronous_commit: value = 'on' }: Settings): Line {
  const what = 'synchronous_commit';
  return value === 'off' ? ok(what, 'off, but on in the sessions of haina') : ok(what, value);
}

/** What a RECEIPT survives where standbys take part, by `synchronous_commit`. */
const WITH_STANDBYS: Readonly<Record<string, string>> = {
  remote_apply: 'the loss of the primary, and can be read on the standby',
  on: 'the loss of the primary: a standby has it on its disk',
  off: 'the loss of the primary: a standby has it on its disk',
  remote_write: 'the loss of the primary, unless the machine of the standby crashes with it',
};

async function standbyLine(connection: Connection, settings: Settings): Promise<Line> {
  const what = 'RECEIPT survives';
  const { synchronous_commit: commit = 'on', synchronous_standby_names: names = '' } = settings;
  const alone = "a crash of PostgreSQL and of its machine, not the loss of the machine's disk";
  if (names === '') return note(what, `${alone}: synchronous_standby_names is empty`);
  const survived = WITH_STANDBYS[commit];
  if (survived === undefined) {
    const advice = 'set synchronous_commit = on for the role of haina';
    return note(what, `${alone}: synchronous_commit is ${commit}, which waits for no standby`, advice);
  }
  if (await hasSynchronousStandby(connection)) return ok(what, survived);
  return bad(
    what,
    `nothing: no standby of synchronous_standby_names is connected, so each COMMIT waits`,
    'connect the standby, or take it out of synchronous_standby_names',
  );
}

/** A role without pg_monitor sees that there is one, and not whether it is synchronous. */
async function hasSynchronousStandby(connection: Connection): Promise<boolean> {
  const text = `SELECT count(*) FILTER (WHERE sync_state IS NULL OR sync_state IN ('sync', 'quorum')) AS n FROM pg_stat_replication`;
  return ((await connection.query({ text })).rows[0] as { n: number }).n > 0;
}

function checksumLine({ data_checksums: value }: Settings): Line {
  const what = 'checksums';
  if (value === 'on') return ok(what, 'on');
  const advice = 'run pg_checksums --enable while PostgreSQL is stopped';
  return note(what, 'off: a damaged page is found only where it makes no sense', advice);
}
