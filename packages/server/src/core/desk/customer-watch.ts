import type { Timestamp } from '../model.ts';
import type { Clock } from '../ports/clock.ts';
import type { AgentRef } from '../ports/desk-store.ts';
import type { Timers } from '../ports/timers.ts';
import { SerialTask } from '../serial-task.ts';
import type { Customers } from './customers.ts';

/** Customers who are looked at in one step. */
const PAGE = 1000;

export interface CustomerWatchDeps {
  readonly customers: Pick<Customers, 'isWaitedFor' | 'listOpen' | 'seen' | 'left' | 'settleOverdue'>;
  readonly presence: { isHere(user: AgentRef): boolean };
  readonly clock: Clock;
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
  readonly #rounds: SerialTask;
  readonly #looks: SerialTask;
  /** Users who came or went and were not looked at since. */
  #changed = new Map<string, AgentRef>();

  constructor(deps: CustomerWatchDeps) {
    const { interval } = deps;
    this.#deps = deps;
    this.#rounds = new SerialTask({
      ...deps,
      pauses: { first: interval, longest: interval },
      run: () => this.#lookAtAll(),
    });
    this.#looks = new SerialTask({ ...deps, run: () => this.#lookAtChanged() });
  }

  start(): void {
    const { clock, interval } = this.#deps;
    this.#rounds.askBy(clock.now() + interval);
  }

  /** A user came to this node, or went from it. */
  changed({ tenant, userId }: AgentRef): void {
    if (this.#looks.isClosed) return;
    this.#changed.set(`${tenant}/${userId}`, { tenant, userId });
    this.#looks.ask();
  }

  /** Resolves once what was under way is done. */
  async settled(): Promise<void> {
    await Promise.all([this.#rounds.settled(), this.#looks.settled()]);
  }

  /** Stops; resolves once nothing is under way. */
  async close(): Promise<void> {
    await Promise.all([this.#rounds.close(), this.#looks.close()]);
  }

  /** Where it fails for one, the next round looks at it again. */
  async #lookAtChanged(): Promise<null> {
    const users = [...this.#changed.values()];
    this.#changed = new Map();
    await Promise.all(
      users.map((user) => this.#look(user).catch((error: unknown) => this.#deps.onError(error))),
    );
    return null;
  }

  async #look(user: AgentRef): Promise<void> {
    const { customers, presence, node } = this.#deps;
    if (!(await customers.isWaitedFor(user)) || this.#looks.isClosed) return;
    // As it is now, so that the last of several changes counts.
    if (presence.isHere(user)) await customers.seen(node, [user]);
    else await customers.left(node, user);
  }

  async #lookAtAll(): Promise<Timestamp> {
    const { customers, presence, clock, node, interval } = this.#deps;
    const startedAt = clock.now();
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page = await customers.listOpen(after, PAGE);
      if (this.#rounds.isClosed) return startedAt;
      const here = page.customers.filter((customer) => presence.isHere(customer));
      const gone = page.customers.filter((each) => each.node === node && !presence.isHere(each));
      await customers.seen(node, here);
      // Who came back meanwhile is known as seen.
      for (const customer of gone) if (!presence.isHere(customer)) await customers.left(node, customer);
      after = page.next;
    }
    await customers.settleOverdue(startedAt);
    return clock.now() + interval;
  }
}
