import type { EventSink } from '../events.ts';
import type { Timestamp } from '../model.ts';
import type { Clock } from '../ports/clock.ts';
import type { DeskStore } from '../ports/desk-store.ts';
import type { Timers } from '../ports/timers.ts';
import { SerialTask } from '../serial-task.ts';
import { deskTopic, userTopic } from '../topics.ts';
import type { Dispatch } from './dispatch.ts';

/** Customers of one skill who are told their position; who waits further back is told once it is there. */
const MAX_POSITIONS = 1000;

export interface DeskNewsDeps {
  readonly store: Pick<DeskStore, 'findBoard' | 'listQueue'>;
  readonly sink: EventSink;
  readonly dispatch: Pick<Dispatch, 'onChanged'>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Least time between two tellings of one tenant, in ms. */
  readonly interval: number;
  onError(error: unknown): void;
}

interface TenantNews {
  /** Skills whose queues moved since they were told. */
  moved: Set<string>;
  isDue: boolean;
  /** The last telling holds back the next until then. */
  heldUntil: Timestamp;
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
  readonly #task: SerialTask;

  constructor(deps: DeskNewsDeps) {
    this.#deps = deps;
    this.#task = new SerialTask({ ...deps, run: () => this.#tellDue() });
    deps.dispatch.onChanged((tenant, skills) => this.#changed(tenant, skills));
  }

  /** Resolves once nothing is under way. */
  async close(): Promise<void> {
    await this.#task.close();
    this.#tenants.clear();
  }

  #changed(tenant: string, skills: readonly string[]): void {
    if (this.#task.isClosed) return;
    let news = this.#tenants.get(tenant);
    if (!news) {
      news = { moved: new Set(), isDue: false, heldUntil: 0, positions: new Map() };
      this.#tenants.set(tenant, news);
    }
    for (const skill of skills) news.moved.add(skill);
    news.isDue = true;
    if (this.#isHeld(news)) this.#task.askBy(news.heldUntil);
    else this.#task.askSoon();
  }

  async #tellDue(): Promise<Timestamp | null> {
    for (const [tenant, news] of this.#tenants) {
      if (this.#task.isClosed) break;
      if (this.#isHeld(news)) continue;
      if (news.isDue) await this.#tell(tenant, news);
      else if (news.positions.size === 0) this.#tenants.delete(tenant);
    }
    return this.#nextDue();
  }

  #isHeld({ heldUntil }: TenantNews): boolean {
    const left = heldUntil - this.#deps.clock.now();
    // More than that once the clock was set back.
    return left > 0 && left <= this.#deps.interval;
  }

  /** When the first tenant may be told again, or forgotten. */
  #nextDue(): Timestamp | null {
    let next: Timestamp | null = null;
    for (const news of this.#tenants.values()) {
      if (!news.isDue && !this.#isHeld(news)) continue;
      next = next === null ? news.heldUntil : Math.min(next, news.heldUntil);
    }
    return next;
  }

  async #tell(tenant: string, news: TenantNews): Promise<void> {
    const { store, sink, clock, interval, onError } = this.#deps;
    news.heldUntil = clock.now() + interval;
    // From here on a change is one for the next telling, of which there is never more than one waiting.
    news.isDue = false;
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
