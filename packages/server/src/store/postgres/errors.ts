/** What has to be done about an error that came while the store runs. */
export interface Failure {
  /**
   * `again`: others were in the way, the same transaction may pass now. `unavailable`: the server can do nothing for
   * anybody now. `damaged`: what is stored is broken. `call`: the statement is to blame, and nobody else's.
   */
  readonly kind: 'again' | 'unavailable' | 'damaged' | 'call';
  /** The connection is of no use any more. */
  readonly isGone: boolean;
  /** Nobody knows whether the transaction was committed. */
  readonly isUnknown: boolean;
  /** For the log: one line, without secrets. */
  readonly reason: string;
}

/** What the transaction was at when it failed: an error that answers a COMMIT may come after it was done. */
export type Stage = 'statement' | 'commit';

type Effect = Pick<Failure, 'kind' | 'isGone'>;

const AGAIN: Effect = { kind: 'again', isGone: false };
const UNAVAILABLE: Effect = { kind: 'unavailable', isGone: false };
const GONE: Effect = { kind: 'unavailable', isGone: true };
const DAMAGED: Effect = { kind: 'damaged', isGone: false };
const CALL: Effect = { kind: 'call', isGone: false };
/** The pooler gives each transaction another session: whatever was prepared is elsewhere. */
const OTHER_SESSION: Effect = GONE;

/** By SQLSTATE, the longest beginning that fits. */
const EFFECTS: Readonly<Record<string, Effect>> = {
  '08': GONE, // connection exceptions, those of poolers among them
  '23505': AGAIN, // unique_violation: somebody else was quicker
  '25006': GONE, // read_only_sql_transaction: it became a standby, the primary is elsewhere
  '25P03': GONE, // idle_in_transaction_session_timeout
  '25P04': GONE, // transaction_timeout
  '26000': OTHER_SESSION, // invalid_sql_statement_name
  '28': GONE, // authorization: the password was changed, the role taken away
  '3D000': GONE, // invalid_catalog_name: the database was dropped
  '40001': AGAIN, // serialization_failure
  '40P01': AGAIN, // deadlock_detected
  '42P05': OTHER_SESSION, // duplicate_prepared_statement
  '53': UNAVAILABLE, // disk, memory or connections used up
  '53300': GONE, // too_many_connections
  '57P': GONE, // the server stops, starts, crashed, or an operator ended the session
  '58': UNAVAILABLE, // the server's files can't be read or written
  HN001: AGAIN, // `require_alone`: another node has come, which is to be told of what is written
  XX001: DAMAGED, // data_corrupted
  XX002: DAMAGED, // index_corrupted
};

/** Codes of the operating system, and the texts of pg, that say that there is no connection. */
const SOCKET_CODES =
  /^(ECONN(REFUSED|RESET|ABORTED)|ETIMEDOUT|EPIPE|E(HOST|NET)(UNREACH|DOWN)|ENOTFOUND|EAI_AGAIN|ENOENT|EPROTO|ERR_(SSL|TLS|STREAM|SOCKET)_.*)$/;
const SOCKET_TEXTS =
  /^(Connection terminated|Client (has encountered a connection error|was closed)|timeout expired|the server closed the connection|There was an error establishing an SSL connection)/;

/** Says what an error means for its transaction, its connection and the store. */
export function failureOf(error: unknown, stage: Stage = 'statement'): Failure {
  const { kind, isGone } = effectOf(error);
  return { kind, isGone, isUnknown: isGone && stage === 'commit', reason: reasonOf(error) };
}

function effectOf(error: unknown): Effect {
  const state = sqlStateOf(error);
  if (state === undefined) return isSocketError(error) ? GONE : CALL;
  for (let length = state.length; length >= 2; length--) {
    const effect = EFFECTS[state.slice(0, length)];
    if (effect) return effect;
  }
  return CALL;
}

/** The server's own code of an error; undefined where the server did not say it. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  // What the system says has letters only, and begins with E.
  return typeof code === 'string' && /^[\dA-Z]{5}$/.test(code) && 'severity' in (error as object)
    ? code
    : undefined;
}

/** Whether there is no connection, or none any more. */
export function isSocketError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return SOCKET_CODES.test(code) || SOCKET_TEXTS.test(error.message);
}

/** An error in one line: the server's words with their code, or the system's. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as { code?: string }).code;
  // A host with several addresses fails with an error for each, and no words of its own.
  const [first] = (error as Partial<AggregateError>).errors ?? [];
  const words = error.message || (first as Error | undefined)?.message || error.name;
  const line = words.replace(/\s+/g, ' ');
  return code === undefined || line.includes(code) ? line : `${line} (${code})`;
}
