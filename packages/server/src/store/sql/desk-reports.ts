import type { DeskBoard } from '../../core/desk/model.ts';
import { emptySums } from '../../core/desk/stats.ts';
import type {
  DeskCounts,
  DeskTotals,
  ServiceTally,
  TallyPage,
  TallyQuery,
} from '../../core/ports/desk-store.ts';
import type { AgentTable } from './desk-agents.ts';
import type { ServiceRow } from './desk-rows.ts';
import { all, get, type Op } from './statement.ts';
import type { Tenants } from './tenants.ts';

const HOUR = 3_600_000;
/** Most skills that the board tells apart: customers may name what nobody has. */
const MAX_SKILLS = 100;

type TallyRow = Pick<
  ServiceRow,
  'conversation' | 'agent' | 'state' | 'opened_at' | 'answered_at' | 'closed_at' | 'close_reason' | 'score'
>;
type Tally = { -readonly [Name in keyof ServiceTally]: ServiceTally[Name] };

/** SQL of what the desk looks like. Runs in the reading thread. */
export class DeskReports {
  readonly #tenants: Tenants;
  readonly #agents: AgentTable;

  constructor(tenants: Tenants, agents: AgentTable) {
    this.#tenants = tenants;
    this.#agents = agents;
  }

  *board(tenant: string): Op<DeskBoard> {
    const key = (yield* this.#tenants.find(tenant)) ?? -1;
    const waiting = yield* all<DeskBoard['waiting'][number]>(
      `SELECT skill, count(*) AS count, count(absent_at) AS absent, min(waiting_since) AS since
           FROM service_session INDEXED BY service_session_queue
           WHERE tenant = ? AND state = 'queued' GROUP BY skill ORDER BY count DESC, skill LIMIT ${MAX_SKILLS}`,
      key,
    );
    return {
      tenant,
      waiting: waiting.map(({ skill, count, absent, since }) => ({ skill, count, absent, since })),
      waitingTotal: yield* this.#count(key, 'queued'),
      absentTotal: yield* this.#countAbsent(key),
      agents: yield* this.#agents.list(key),
    };
  }

  *tally({ tenant, from, to, after, limit }: TallyQuery): Op<TallyPage> {
    const { openedAt, key } = after ?? { openedAt: from, key: 0 };
    const rows = yield* all<TallyRow>(
      `SELECT conversation, agent, state, opened_at, answered_at, closed_at, close_reason, score
           FROM service_session INDEXED BY service_session_opened
           WHERE tenant = ? AND opened_at >= ? AND opened_at < ? AND (opened_at, conversation) > (?, ?)
           ORDER BY opened_at, conversation LIMIT ?`,
      (yield* this.#tenants.find(tenant)) ?? -1,
      openedAt,
      to,
      openedAt,
      key,
      limit,
    );
    const last = rows.length < limit ? undefined : rows.at(-1);
    const next = last && { openedAt: last.opened_at, key: last.conversation };
    return { tallies: talliesOf(rows), ...(next ? { next } : {}) };
  }

  *count(tenant: string): Op<DeskCounts> {
    const key = (yield* this.#tenants.find(tenant)) ?? -1;
    return {
      waiting: yield* this.#count(key, 'queued'),
      absent: yield* this.#countAbsent(key),
      active: yield* this.#count(key, 'active'),
    };
  }

  *totals(): Op<DeskTotals> {
    const rows =
      (yield* get<DeskTotals>(`SELECT (SELECT count(*) FROM service_session WHERE state = 'queued') AS waiting,
           (SELECT count(*) FROM service_session WHERE state = 'active') AS active`)) as DeskTotals;
    return { waiting: rows.waiting, active: rows.active };
  }

  *waitingTenants(): Op<string[]> {
    const rows = yield* all<{ id: string }>(
      "SELECT id FROM tenant t WHERE EXISTS (SELECT 1 FROM service_session WHERE tenant = t.pk AND state = 'queued') ORDER BY t.pk",
    );
    return rows.map(({ id }) => id);
  }

  *#count(tenant: number, state: 'queued' | 'active'): Op<number> {
    const { count } = (yield* get<{ count: number }>(
      `SELECT count(*) AS count FROM service_session WHERE tenant = ? AND state = '${state}'`,
      tenant,
    )) as { count: number };
    return count;
  }

  *#countAbsent(tenant: number): Op<number> {
    const { count } = (yield* get<{ count: number }>(
      `SELECT count(absent_at) AS count FROM service_session INDEXED BY service_session_queue
           WHERE tenant = ? AND state = 'queued'`,
      tenant,
    )) as { count: number };
    return count;
  }
}

function talliesOf(rows: readonly TallyRow[]): ServiceTally[] {
  const tallies = new Map<string, Tally>();
  for (const row of rows) {
    const hour = row.opened_at - (row.opened_at % HOUR);
    const key = `${hour}/${row.agent ?? ''}`;
    const tally = tallies.get(key) ?? { ...emptySums(), agentId: row.agent, hour };
    tallies.set(key, tally);
    add(tally, row);
  }
  return [...tallies.values()];
}

function add(tally: Tally, row: TallyRow): void {
  tally.opened++;
  if (row.state === 'active') tally.active++;
  if (row.close_reason === 'absent') tally.abandoned++;
  if (row.closed_at !== null) {
    tally.closed++;
    tally.length += row.closed_at - row.opened_at;
  }
  if (row.answered_at !== null) {
    tally.answered++;
    tally.answerTime += row.answered_at - row.opened_at;
  }
  if (row.score !== null) {
    tally.rated++;
    tally.score += row.score;
  }
}
