import type { Timestamp } from '../model.ts';
import type { Clock } from '../ports/clock.ts';
import type { AgentRef, DeskStore } from '../ports/desk-store.ts';
import type { Timers } from '../ports/timers.ts';
import { SerialTask } from '../serial-task.ts';
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
  readonly #interval: number;
  readonly #present = new Map<string, Presence>();
  /** When agents who left are lost, unless they come back. */
  readonly #losses = new Map<string, Timestamp>();
  readonly #rounds: SerialTask;
  /** Tenants that an agent left, and what tells the store of it. */
  readonly #unfilled = new Set<string>();
  #leaving: Promise<void>[] = [];
  readonly #fills: SerialTask;

  constructor(deps: AgentWatchDeps) {
    const interval = Math.max(1, deps.timeout / MARKS_A_TIMEOUT);
    const pauses = { first: interval, longest: interval };
    this.#deps = deps;
    this.#interval = interval;
    this.#rounds = new SerialTask({ ...deps, pauses, run: () => this.#goRound() });
    this.#fills = new SerialTask({ ...deps, pauses, run: () => this.#fill() });
  }

  /** Nobody is connected yet, and who was has the whole time to come back. */
  async start(): Promise<void> {
    const { store, node, clock } = this.#deps;
    await store.resumeDesk(node, clock.now());
    this.#rounds.askBy(clock.now() + this.#interval);
  }

  /** A session of the agent began. Resolves once the desk counts on it, or the store could not be told, which is tried again. */
  async came({ tenant, userId }: AgentRef): Promise<void> {
    const agent = { tenant, userId };
    const presence = this.#present.get(keyOf(agent)) ?? { agent, sessions: 0 };
    this.#present.set(keyOf(agent), presence);
    presence.sessions++;
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
    const { store, node, clock, timeout, onError } = this.#deps;
    const at = clock.now();
    // Issued at once, so that it is stored before the agent comes again.
    this.#leaving.push(store.agentLeft({ ...agent, node, at }).catch(onError));
    this.#unfilled.add(tenant);
    this.#fills.ask();
    this.#losses.set(keyOf(agent), at + timeout);
    this.#rounds.askBy(at + timeout);
  }

  /** Resolves once what was under way is done. */
  async settled(): Promise<void> {
    await Promise.all([this.#rounds.settled(), this.#fills.settled()]);
  }

  /** Stops; resolves once nothing is under way. */
  async close(): Promise<void> {
    await Promise.all([this.#rounds.close(), this.#fills.settled()]);
    await this.#fills.close();
    await Promise.all(this.#leaving);
  }

  /** First who is here, so that nobody is lost by a delay of this node's own. */
  async #goRound(): Promise<Timestamp> {
    const { store, dispatch, node, clock } = this.#deps;
    const at = clock.now();
    const agents = [...this.#present.values()].map(({ agent }) => agent);
    if (agents.length > 0) await store.agentsSeen({ node, agents, at });
    await dispatch.releaseLost();
    await dispatch.fillAll();
    return this.#nextRound(at);
  }

  /** @param at when the last one began: who was lost by then is dealt with */
  #nextRound(at: Timestamp): Timestamp {
    let next = at + this.#interval;
    for (const [key, lostAt] of this.#losses) {
      if (lostAt <= at) this.#losses.delete(key);
      else next = Math.min(next, lostAt);
    }
    return next;
  }

  /** Others may have more customers now. What fails comes again. */
  async #fill(): Promise<null> {
    await Promise.all(this.#leaving.splice(0));
    for (const tenant of this.#unfilled) {
      this.#unfilled.delete(tenant);
      await this.#deps.dispatch.fill(tenant).catch((error: unknown) => {
        this.#unfilled.add(tenant);
        throw error;
      });
    }
    return null;
  }
}

function keyOf({ tenant, userId }: AgentRef): string {
  return `${tenant}/${userId}`;
}
