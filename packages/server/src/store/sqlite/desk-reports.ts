import type { DeskBoard, DeskStats, ServiceFigures } from '../../core/desk/model.ts';
import type { DeskTotals, StatsQuery } from '../../core/ports/desk-store.ts';
import type { Statements } from './database.ts';
import type { AgentTable } from './desk-agents.ts';
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
  readonly #sql: Statements;
  readonly #tenants: Tenants;
  readonly #agents: AgentTable;

  constructor(sql: Statements, tenants: Tenants, agents: AgentTable) {
    this.#sql = sql;
    this.#tenants = tenants;
    this.#agents = agents;
  }

  board(tenant: string): DeskBoard {
    const key = this.#tenants.find(tenant) ?? -1;
    const waiting = this.#sql
      .get(
        `SELECT skill, count(*) AS count, count(absent_at) AS absent, min(waiting_since) AS since FROM service_session
           WHERE tenant = ? AND state = 'queued' GROUP BY skill ORDER BY count DESC, skill LIMIT ${MAX_SKILLS}`,
      )
      .all(key) as unknown as DeskBoard['waiting'][number][];
    return {
      tenant,
      waiting: waiting.map(({ skill, count, absent, since }) => ({ skill, count, absent, since })),
      waitingTotal: this.#count(key, 'queued'),
      absentTotal: this.#countAbsent(key),
      agents: this.#agents.list(key),
    };
  }

  stats({ tenant, from, to }: StatsQuery): DeskStats {
    const key = this.#tenants.find(tenant) ?? -1;
    const [total] = this.#figures('NULL', '', key, from, to);
    return {
      waiting: this.#count(key, 'queued'),
      absent: this.#countAbsent(key),
      active: this.#count(key, 'active'),
      total: toFigures(total as FigureRow),
      byAgent: this.#figures('agent', 'AND agent IS NOT NULL GROUP BY 1', key, from, to).map((row) => ({
        agentId: String(row.name),
        active: row.active,
        ...toFigures(row),
      })),
      byHour: this.#figures(`opened_at / ${HOUR} * ${HOUR}`, 'GROUP BY 1', key, from, to).map((row) => ({
        hour: Number(row.name),
        ...toFigures(row),
      })),
    };
  }

  totals(): DeskTotals {
    const rows = this.#sql
      .get(
        `SELECT (SELECT count(*) FROM service_session WHERE state = 'queued') AS waiting,
           (SELECT count(*) FROM service_session WHERE state = 'active') AS active`,
      )
      .get() as unknown as DeskTotals;
    return { waiting: rows.waiting, active: rows.active };
  }

  waitingTenants(): string[] {
    const rows = this.#sql
      .get(
        "SELECT id FROM tenant t WHERE EXISTS (SELECT 1 FROM service_session WHERE tenant = t.pk AND state = 'queued')",
      )
      .all() as unknown as { id: string }[];
    return rows.map(({ id }) => id);
  }

  #count(tenant: number, state: 'queued' | 'active'): number {
    const { count } = this.#sql
      .get(`SELECT count(*) AS count FROM service_session WHERE tenant = ? AND state = '${state}'`)
      .get(tenant) as { count: number };
    return count;
  }

  #countAbsent(tenant: number): number {
    const { count } = this.#sql
      .get("SELECT count(absent_at) AS count FROM service_session WHERE tenant = ? AND state = 'queued'")
      .get(tenant) as { count: number };
    return count;
  }

  #figures(name: string, rest: string, tenant: number, from: number, to: number): FigureRow[] {
    return this.#sql
      .get(
        `SELECT ${name} AS name, count(*) AS opened, count(*) FILTER (WHERE state = 'active') AS active,
             count(closed_at) AS closed, count(*) FILTER (WHERE close_reason = 'absent') AS abandoned, count(answered_at) AS answered, avg(answered_at - opened_at) AS first_answer,
             avg(closed_at - opened_at) AS length, count(score) AS rated, avg(score) AS rating
           FROM service_session WHERE tenant = ? AND opened_at >= ? AND opened_at < ? ${rest} ORDER BY 1`,
      )
      .all(tenant, from, to) as unknown as FigureRow[];
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
