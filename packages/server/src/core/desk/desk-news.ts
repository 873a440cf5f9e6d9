import type { EventSink } from '../events.ts';
import type { DeskStore } from '../ports/desk-store.ts';
import type { Cancel, Timers } from '../ports/timers.ts';
import { deskTopic, userTopic } from '../topics.ts';
import type { Dispatch } from './dispatch.ts';

/** Customers of one skill who are told their position; who waits further back is told once it is there. */
const MAX_POSITIONS = 1000;

export interface DeskNewsDeps {
  readonly store: Pick<DeskStore, 'findBoard' | 'listQueue'>;
  readonly sink: EventSink;
  readonly dispatch: Pick<Dispatch, 'onChanged'>;
  readonly timers: Timers;
  /** Least time between two tellings of one tenant, in ms. */
  readonly interval: number;
  onError(error: unknown): void;
}

interface TenantNews {
  /** Skills whose queues moved since they were told. */
  moved: Set<string>;
  isDue: boolean;
  /** Set while one telling holds back the next. */
  cancel: Cancel | undefined;
  /** Last told position by session, of each skill that somebody waits for. */
  readonly positions: Map<string, ReadonlyMap<string, number>>;
}

/**
 * Tells agents how the desk looks, and customers their position in the queue: the first change at once, and what follows
 * in one telling an interval, however much changes.
 */
export class DeskNews {
  readonly #deps: DeskNewsDeps;
  readonly #tenants = new Map<string, TenantNews>();
  #running = Promise.resolve();
  #isClosed = false;

  constructor(deps: DeskNewsDeps) {
    this.#deps = deps;
    deps.dispatch.onChanged((tenant, skills) => this.#changed(tenant, skills));
  }

  /** Resolves once nothing is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { cancel } of this.#tenants.values()) cancel?.();
    this.#tenants.clear();
    await this.#running;
  }

  #changed(tenant: string, skills: readonly string[]): void {
    if (this.#isClosed) return;
    let news = this.#tenants.get(tenant);
    if (!news) {
      news = { moved: new Set(), isDue: false, cancel: undefined, positions: new Map() };
      this.#tenants.set(tenant, news);
    }
    for (const skill of skills) news.moved.add(skill);
    news.isDue = true;
    if (!news.cancel) this.#hold(tenant, news, 0);
  }

  #hold(tenant: string, news: TenantNews, delay: number): void {
    news.cancel = this.#deps.timers.after(delay, () => {
      if (!news.isDue) {
        news.cancel = undefined;
        if (news.positions.size === 0) this.#tenants.delete(tenant);
        return;
      }
      this.#hold(tenant, news, this.#deps.interval);
      // From here on a change is one for the next telling, of which there is never more than one waiting.
      news.isDue = false;
      this.#running = this.#running.then(() => this.#tell(tenant, news));
    });
  }

  async #tell(tenant: string, news: TenantNews): Promise<void> {
    const { store, sink, onError } = this.#deps;
    const moved = news.moved;
    news.moved = new Set();
    try {
      for (const skill of moved) await this.#tellPositions(tenant, skill, news);
      const board = await store.findBoard(tenant);
      sink.publish([deskTopic(tenant)], { type: 'desk.changed', board });
    } catch (error) {
      for (const skill of moved) news.moved.add(skill);
      news.isDue = true;
      onError(error);
    }
  }

  async #tellPositions(tenant: string, skill: string, news: TenantNews): Promise<void> {
    const { store, sink } = this.#deps;
    const queue = await store.listQueue(tenant, skill, MAX_POSITIONS);
    const before = news.positions.get(skill);
    for (const [index, { sessionId, customerId }] of queue.entries()) {
      const position = index + 1;
      if (before?.get(sessionId) === position) continue;
      sink.publish([userTopic(tenant, customerId)], {
        type: 'service.position',
        tenant,
        sessionId,
        position,
      });
    }
    const now = new Map(queue.map(({ sessionId }, index) => [sessionId, index + 1]));
    if (now.size > 0) news.positions.set(skill, now);
    else news.positions.delete(skill);
  }
}
