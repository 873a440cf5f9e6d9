import type { AgentRef } from '../ports/desk-store.ts';
import type { Cancel, Timers } from '../ports/timers.ts';
import type { Customers } from './customers.ts';

/** Customers who are looked at in one step. */
const PAGE = 1000;

export interface CustomerWatchDeps {
  readonly customers: Customers;
  readonly presence: { isOnline(user: AgentRef): boolean };
  readonly timers: Timers;
  /** This node's name among those that share the store; the same after a restart. */
  readonly node: string;
  /** From one look at all customers to the next, in ms. */
  readonly interval: number;
  onError(error: unknown): void;
}

/**
 * Tells the desk which customers are connected to this node: at once where one comes or goes, and again and again for all
 * who have an open session, so that nothing that went wrong meanwhile lasts.
 */
export class CustomerWatch {
  readonly #deps: CustomerWatchDeps;
  readonly #underWay = new Set<Promise<void>>();
  #next: Cancel = () => {};
  #isClosed = false;

  constructor(deps: CustomerWatchDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#schedule();
  }

  /** A user came online at this node, or went offline. */
  changed({ tenant, userId }: AgentRef): void {
    if (!this.#isClosed) this.#run(this.#look({ tenant, userId }));
  }

  /** Resolves once what was under way is done. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** Stops; resolves once nothing is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#next();
    await this.settled();
  }

  #schedule(): void {
    const { timers, interval } = this.#deps;
    this.#next = timers.after(interval, () => {
      this.#run(this.#lookAtAll().finally(() => this.#isClosed || this.#schedule()));
    });
  }

  async #look(user: AgentRef): Promise<void> {
    const { customers, presence, node } = this.#deps;
    if (!(await customers.isWaitedFor(user)) || this.#isClosed) return;
    // As it is now, so that the last of several changes counts.
    if (presence.isOnline(user)) await customers.seen(node, [user]);
    else await customers.left(node, user);
  }

  async #lookAtAll(): Promise<void> {
    const { customers, presence, node } = this.#deps;
    const startedAt = customers.now();
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page = await customers.listOpen(after, PAGE);
      if (this.#isClosed) return;
      const here = page.customers.filter((customer) => presence.isOnline(customer));
      const gone = page.customers.filter((each) => each.node === node && !presence.isOnline(each));
      await customers.seen(node, here);
      // Who came back meanwhile is known as seen.
      for (const customer of gone) if (!presence.isOnline(customer)) await customers.left(node, customer);
      after = page.next;
    }
    await customers.settleOverdue(startedAt);
  }

  #run(work: Promise<void>): void {
    const done: Promise<void> = work
      .catch((error: unknown) => this.#deps.onError(error))
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }
}
