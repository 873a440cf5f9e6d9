import type { Clock } from '../ports/clock.ts';
import type { AgentRef, DeskStore } from '../ports/desk-store.ts';
import type { Cancel, Timers } from '../ports/timers.ts';
import type { Dispatch } from './dispatch.ts';

/** How often agents are marked as seen within the time after which they count as lost. */
const MARKS_A_TIMEOUT = 3;

export interface AgentWatchDeps {
  readonly store: Pick<DeskStore, 'agentsSeen' | 'agentLeft' | 'resumeDesk'>;
  readonly dispatch: Pick<Dispatch, 'fill' | 'fillAll' | 'releaseLost'>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** This node's name among those that share the store; the same after a restart. */
  readonly node: string;
  /** How long an agent may be away before it loses its customers, in ms. */
  readonly timeout: number;
  onError(error: unknown): void;
}

interface Presence {
  readonly agent: AgentRef;
  sessions: number;
}

/**
 * Which agents are connected to this node's desk. The store is told when one comes, when its last session ends, and again
 * and again meanwhile: so an agent is lost by one rule, whether it went away, or its node did, or the server restarted.
 */
export class AgentWatch {
  readonly #deps: AgentWatchDeps;
  readonly #present = new Map<string, Presence>();
  readonly #losses = new Map<string, Cancel>();
  #next: Cancel = () => {};
  #running = Promise.resolve();
  #isClosed = false;

  constructor(deps: AgentWatchDeps) {
    this.#deps = deps;
  }

  /** Nobody is connected yet, and who was has the whole time to come back. */
  async start(): Promise<void> {
    const { store, node, clock } = this.#deps;
    await store.resumeDesk(node, clock.now());
    this.#schedule();
  }

  /** A session of the agent began. Resolves once the desk counts on it, or the store could not be told, which is tried again. */
  async came({ tenant, userId }: AgentRef): Promise<void> {
    const agent = { tenant, userId };
    const presence = this.#present.get(keyOf(agent)) ?? { agent, sessions: 0 };
    this.#present.set(keyOf(agent), presence);
    presence.sessions++;
    this.#losses.get(keyOf(agent))?.();
    this.#losses.delete(keyOf(agent));
    const { store, dispatch, node, clock, onError } = this.#deps;
    try {
      await store.agentsSeen({ node, agents: [agent], at: clock.now() });
      await dispatch.fill(tenant);
    } catch (error) {
      onError(error);
    }
  }

  /** A session of the agent ended. */
  left({ tenant, userId }: AgentRef): void {
    const agent = { tenant, userId };
    const presence = this.#present.get(keyOf(agent));
    if (!presence || --presence.sessions > 0) return;
    this.#present.delete(keyOf(agent));
    const { store, dispatch, node, clock, timers, timeout, onError } = this.#deps;
    // Issued at once, so that it is stored before the agent comes again.
    const gone = store.agentLeft({ ...agent, node, at: clock.now() }).catch(onError);
    this.#run(() => gone.then(() => dispatch.fill(tenant)));
    if (this.#isClosed) return;
    const cancel = timers.after(timeout, () => {
      this.#losses.delete(keyOf(agent));
      this.#run(() => dispatch.releaseLost());
    });
    this.#losses.set(keyOf(agent), cancel);
  }

  /** Resolves once what was under way is done. */
  settled(): Promise<void> {
    return this.#running;
  }

  /** Stops; resolves once nothing is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#next();
    for (const cancel of this.#losses.values()) cancel();
    this.#losses.clear();
    await this.#running;
  }

  #schedule(): void {
    const { timers, timeout } = this.#deps;
    this.#next = timers.after(Math.max(1, timeout / MARKS_A_TIMEOUT), () => {
      this.#run(() => this.#mark());
      if (!this.#isClosed) this.#schedule();
    });
  }

  /** First who is here, so that nobody is lost by a delay of this node's own. */
  async #mark(): Promise<void> {
    const { store, dispatch, node, clock } = this.#deps;
    const agents = [...this.#present.values()].map(({ agent }) => agent);
    if (agents.length > 0) await store.agentsSeen({ node, agents, at: clock.now() });
    await dispatch.releaseLost();
    await dispatch.fillAll();
  }

  #run(work: () => Promise<void>): void {
    this.#running = this.#running.then(work).catch((error: unknown) => this.#deps.onError(error));
  }
}

function keyOf({ tenant, userId }: AgentRef): string {
  return `${tenant}/${userId}`;
}
