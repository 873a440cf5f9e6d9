import type { Connection } from './connect.ts';
import { UnusableServer } from './server-check.ts';

/** Looks at the sessions so often: one look can meet a pooler that happens to give the same ones. */
const LOOKS = 3;

/** A pooler numbers the sessions by itself. */
export function isPooled(pid: number, { client }: Connection): boolean {
  return (client as unknown as { processID: number }).processID !== pid;
}

/**
 * Throws `UnusableServer` for a pooler that gives each transaction another session: what a session holds would belong to
 * several connections, or to none. Settings, prepared statements, and the lock by which one connection has its numbers of messages.
 *
 * @param other opens one more connection
 */
export async function requireOwnSession(
  connection: Connection,
  other: () => Promise<Connection>,
): Promise<void> {
  const second = await other();
  try {
    const own = new Set<number>();
    for (let look = 0; look < LOOKS; look++) {
      // Twice, as a pooler that takes turns may give each of two connections the same session again.
      own.add(await sessionOf(connection));
      own.add(await sessionOf(connection));
      if (own.size > 1 || own.has(await sessionOf(second))) throw new UnusableServer(NO_OWN_SESSION);
    }
  } finally {
    await second.close();
  }
}

const NO_OWN_SESSION =
  'is reached through a pooler that gives each transaction another session; set its pool_mode to session, or connect to PostgreSQL directly';

async function sessionOf(connection: Connection): Promise<number> {
  return (await connection.query({ text: 'SELECT pg_backend_pid() AS pid' })).rows[0].pid;
}
