import { DomainError } from '../errors.ts';
import type { Principal, Timestamp } from '../model.ts';
import type { Clock } from '../ports/clock.ts';
import type { DeskStore, DeskTotals, ServiceQuery } from '../ports/desk-store.ts';
import { isAtDesk } from './access.ts';
import type { DeskBoard, DeskStats, ServiceSession } from './model.ts';
import { readStats } from './stats.ts';

const DAY = 86_400_000;
/** Longest span of one answer, in ms: what is told by the hour has to end somewhere. */
const MAX_SPAN = 92 * DAY;

export interface DeskReportsDeps {
  readonly store: Pick<
    DeskStore,
    'findBoard' | 'listServices' | 'tallyServices' | 'countDesk' | 'countServices'
  >;
  readonly clock: Clock;
}

/** What the desk looks like, now and in figures. */
export class DeskReports {
  readonly #deps: DeskReportsDeps;

  constructor(deps: DeskReportsDeps) {
    this.#deps = deps;
  }

  /** Queue and agents now. EPERM for customers. */
  async board(actor: Principal): Promise<DeskBoard> {
    requireDesk(actor);
    return this.#deps.store.findBoard(actor.tenant);
  }

  /** The newest first: all for the desk, own ones for a customer. */
  list(actor: Principal, query: Omit<ServiceQuery, 'tenant'>): Promise<ServiceSession[]> {
    const { tenant, userId } = actor;
    const own = isAtDesk(actor) ? {} : { customerId: userId };
    return this.#deps.store.listServices({ ...query, ...own, tenant });
  }

  /** Figures of what was opened in a span of time, by default the last day. EPERM for customers; EINVAL. */
  async stats(
    actor: Principal,
    { from, to = this.#deps.clock.now() }: { readonly from?: Timestamp; readonly to?: Timestamp },
  ): Promise<DeskStats> {
    requireDesk(actor);
    const start = from ?? to - DAY;
    if (start >= to) throw new DomainError('EINVAL', 'from must be before to', { field: 'from' });
    if (to - start > MAX_SPAN) {
      throw new DomainError('EINVAL', `from is more than ${MAX_SPAN / DAY} days before to`, {
        field: 'from',
        limit: MAX_SPAN,
      });
    }
    return readStats(this.#deps.store, { tenant: actor.tenant, from: start, to });
  }

  /** Of all tenants, for those who run the server. */
  totals(): Promise<DeskTotals> {
    return this.#deps.store.countServices();
  }
}

function requireDesk(actor: Principal): void {
  if (!isAtDesk(actor)) throw new DomainError('EPERM', 'only the role agent, admin or service may do this');
}
