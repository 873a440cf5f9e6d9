import type { Timestamp } from '../model.ts';

/** A customer in the queue. */
export interface Waiting {
  readonly sessionId: string;
  /** Who may be an agent too, and does not serve itself. */
  readonly customerId: string;
  readonly skill: string;
  /** 0 for those put back at the queue's head, 1 for the others. */
  readonly place: number;
  readonly since: Timestamp;
  /** Decides between those who came in the same moment. */
  readonly order: number;
}

/** An agent who could be given a customer: online, connected, below its capacity. */
export interface FreeAgent {
  readonly userId: string;
  readonly skills: readonly string[];
  readonly active: number;
  /** When it last was given a customer, or lost one. */
  readonly idleSince: Timestamp;
}

export interface Match {
  readonly sessionId: string;
  readonly agentId: string;
}

/** Whether an agent can do what a customer needs. */
export function fits(skills: readonly string[], needed: string): boolean {
  return needed === '' || skills.includes(needed);
}

/**
 * The next customer to be served and by whom: the longest waiting of those whom a free agent fits gets the fitting agent
 * with the fewest customers, and of several such the longest idle.
 */
export function nextMatch(waiting: readonly Waiting[], agents: readonly FreeAgent[]): Match | undefined {
  for (const { sessionId, customerId, skill } of waiting.toSorted(byTurn)) {
    const others = agents.filter(({ userId }) => userId !== customerId);
    const [best] = others.filter(({ skills }) => fits(skills, skill)).sort(byLoad);
    if (best) return { sessionId, agentId: best.userId };
  }
  return undefined;
}

function byTurn(a: Waiting, b: Waiting): number {
  return a.place - b.place || a.since - b.since || a.order - b.order;
}

function byLoad(a: FreeAgent, b: FreeAgent): number {
  return a.active - b.active || a.idleSince - b.idleSince || (a.userId < b.userId ? -1 : 1);
}
