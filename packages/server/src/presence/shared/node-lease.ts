import type { Clock } from '../../core/ports/clock.ts';
import type { Timers } from '../../core/ports/timers.ts';
import { SerialTask } from '../../core/serial-task.ts';
import type { Register } from './register.ts';

/** Pauses after a renewal that failed, in ms. */
const PAUSES = { first: 100, longest: 1000 };

/** What a lease covers. */
export interface Covered {
  /** Enters again what this node has, as the register may have lost it. */
  takeUp(lost: 'expired' | 'emptied'): Promise<void>;
  /** What waited for the lease may be done now. */
  resume(): void;
  /** Takes out what a dead node had. */
  sweep(dead: string): Promise<void>;
}

export interface NodeLeaseDeps {
  readonly register: Register;
  readonly clock: Clock;
  readonly timers: Timers;
  /** From one renewal to the next, in ms. */
  readonly renewal: number;
  /** Told of each renewal and sweep that failed. */
  onError(error: unknown): void;
}

/** The lease of this node: keeps it, has what it covers entered again where that was lost, and sweeps what dead nodes left. */
export class NodeLease {
  readonly #deps: NodeLeaseDeps;
  readonly #renewals: SerialTask;
  readonly #sweeps: SerialTask;
  readonly #covered: Covered[] = [];
  #state: 'lost' | 'settling' | 'held' = 'lost';
  #dead: readonly string[] = [];
  #isAlone = true;
  /** What a renewal found, until all was entered again. */
  #lost: 'expired' | 'emptied' | undefined;

  constructor(deps: NodeLeaseDeps) {
    this.#deps = deps;
    this.#renewals = new SerialTask({ ...deps, pauses: PAUSES, run: () => this.#renew() });
    this.#sweeps = new SerialTask({ ...deps, pauses: PAUSES, run: () => this.#sweep() });
  }

  /** Whether the register can be asked, and knows of this node. */
  get isHeld(): boolean {
    return this.#state !== 'lost';
  }

  /** Whether the register knows of all nodes: what it does not hold is nowhere. */
  get isSettled(): boolean {
    return this.#state === 'held';
  }

  /** Whether no other node is known of. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  cover(covered: Covered): void {
    this.#covered.push(covered);
  }

  /** Begins to renew it; resolves once that was tried. */
  async start(): Promise<void> {
    this.#renewals.ask();
    await this.#renewals.settled();
  }

  /** Looks at once what became of the lease: something was refused, or the register is back. */
  doubt(isLost = false): void {
    if (isLost) this.#state = 'lost';
    this.#renewals.ask();
  }

  /** Stops, and lets the lease run out after so many ms, or, where that can't be said, in its time. */
  async close(after: number): Promise<void> {
    await Promise.all([this.#renewals.close(), this.#sweeps.close()]);
    const isHeld = this.isHeld;
    this.#state = 'lost';
    if (isHeld) await this.#deps.register.resign(after).catch(this.#deps.onError);
  }

  async #renew(): Promise<number> {
    const { register, clock, renewal } = this.#deps;
    try {
      const { status, settlesIn, dead, isAlone } = await register.renew();
      this.#isAlone = isAlone;
      if (status !== 'kept') this.#lost = this.#lost === 'emptied' ? 'emptied' : status;
      await this.#takeUp();
      this.#state = settlesIn > 0 ? 'settling' : 'held';
      this.#dead = dead;
      if (dead.length > 0) this.#sweeps.ask();
      for (const covered of this.#covered) covered.resume();
      return clock.now() + (settlesIn > 0 ? Math.min(settlesIn, renewal) : renewal);
    } catch (error) {
      this.#state = 'lost';
      throw error;
    }
  }

  async #takeUp(): Promise<void> {
    if (this.#lost === undefined) return;
    this.#state = 'lost';
    for (const covered of this.#covered) await covered.takeUp(this.#lost);
    this.#lost = undefined;
  }

  async #sweep(): Promise<null> {
    for (const dead of this.#dead) {
      for (const covered of this.#covered) await covered.sweep(dead);
      await this.#deps.register.forget(dead);
    }
    return null;
  }
}
