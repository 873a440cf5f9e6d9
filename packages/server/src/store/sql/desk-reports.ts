import type { DeskBoard, DeskStats, ServiceFigures } from '../../core/desk/model.ts';
import type { DeskTotals, StatsQuery } from '../../core/ports/desk-store.ts';
import type { AgentTable } from './desk-agents.ts';
import { all, get, type Op } from './statement.ts';
import type { Tenants } from './tenants.ts';

const HOUR = 3_600_000;
/** Most skills that the board tells apart: customers may name what nobody has. */
const MAX_SKILLS = 100;

interface FigureRow {
  name: string | number | null;
  opened: number;
  active: number;
  closed: number;
  abandoned: number;
  answered: number;
  first_answer: number | null;
  length: number | null;
  rated: number;
  rating: number | null;
}

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

  *stats({ tenant, from, to }: StatsQuery): Op<DeskStats> {
    const key = (yield* this.#tenants.find(tenant)) ?? -1;
    const [total] = yield* this.#figures('NULL', '', key, from, to);
    return {
      waiting: yield* this.#count(key, 'queued'),
      absent: yield* this.#countAbsent(key),
      active: yield* this.#count(key, 'active'),
      total: toFigures(total as FigureRow),
      byAgent: (yield* this.#figures('agent', 'AND agent IS NOT NULL GROUP BY 1', key, from, to)).map(
        (row) => ({
          agentId: String(row.name),
          active: row.active,
          ...toFigures(row),
        }),
      ),
      byHour: (yield* this.#figures(`opened_at / ${HOUR} * ${HOUR}`, 'GROUP BY 1', key, from, to)).map(
        (row) => ({
          hour: Number(row.name),
          ...toFigures(row),
        }),
      ),
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
      "SELECT id FROM tenant t WHERE EXISTS (SELECT 1 FROM service_session WHERE tenant = t.pk AND state = 'queued')",
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

  *#figures(name: string, rest: string, tenant: number, from: number, to: number): Op<FigureRow[]> {
    return yield* all<FigureRow>(
      `SELECT ${name} AS name, count(*) AS opened, count(*) FILTER (WHERE state = 'active') AS active,
             count(closed_at) AS closed, count(*) FILTER (WHERE close_reason = 'absent') AS abandoned, count(answered_at) AS answered, avg(answered_at - opened_at) AS first_answer,
             avg(closed_at - opened_at) AS length, count(score) AS rated, avg(score) AS rating
           FROM service_session WHERE tenant = ? AND opened_at >= ? AND opened_at < ? ${rest} ORDER BY 1`,
      tenant,
      from,
      to,
    );
  }
}

function toFigures(row: FigureRow): ServiceFigures {
  const { opened, closed, abandoned, answered, rated, rating } = row;
  return {
    opened,
    closed,
    abandoned,
    answered,
    firstAnswerTime: rounded(row.first_answer),
    length: rounded(row.length),
    rated,
    rating,
  };
}

function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms);
}
