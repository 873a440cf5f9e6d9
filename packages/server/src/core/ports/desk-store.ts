import type {
  AgentStatus,
  DeskAgent,
  DeskBoard,
  Handover,
  ServiceNote,
  ServiceRating,
  ServiceSession,
  ServiceState,
} from '../desk/model.ts';
import type { Timestamp } from '../model.ts';
import type { Page } from './page.ts';

export interface AgentRef {
  readonly tenant: string;
  readonly userId: string;
}

/** Agents who are connected to a node of the server. */
export interface AgentsSeen {
  readonly node: string;
  readonly agents: readonly AgentRef[];
  readonly at: Timestamp;
}

export interface AgentLeft extends AgentRef {
  readonly node: string;
  readonly at: Timestamp;
}

export interface AgentStatusChange extends AgentRef {
  readonly status: AgentStatus;
  /** As it was where absent. */
  readonly capacity?: number;
  readonly skills?: readonly string[];
  readonly at: Timestamp;
}

/** Who acts on a service session. */
export interface ServiceAct {
  readonly tenant: string;
  readonly sessionId: string;
  readonly actorId: string;
  /** Whether it may act on the sessions of others too. */
  readonly isManager: boolean;
  readonly at: Timestamp;
}

export interface AssignNext {
  readonly tenant: string;
  /** Agents who were not seen after this are not given customers. */
  readonly seenAfter: Timestamp;
  /** Customers who are not connected and were not seen after this are passed over; nobody is where absent. */
  readonly customerSeenAfter?: Timestamp;
  readonly at: Timestamp;
}

/** Customers who are connected to a node of the server. */
export interface CustomersSeen {
  readonly node: string;
  readonly customers: readonly AgentRef[];
  readonly at: Timestamp;
}

/** The customer of a session that is not closed, and the node that it was last seen at; null where it is not connected. */
export interface OpenCustomer extends AgentRef {
  readonly node: string | null;
}

export interface OpenCustomerPage {
  readonly customers: readonly OpenCustomer[];
  /** Where to go on; absent where these were the last. */
  readonly next?: number;
}

/** What becomes of service sessions as time passes. A time that is absent settles nothing of its kind. */
export interface Overdue {
  /** Customers who were not seen after this are connected no more, whatever their node said. */
  readonly lostBefore: Timestamp;
  /** Who waits and was away since then is absent. */
  readonly awayBefore?: Timestamp;
  /** Who was absent since then is waited for no more. */
  readonly absentBefore?: Timestamp;
  /** What an agent serves, and nobody has written in since then, is closed. */
  readonly idleBefore?: Timestamp;
  readonly at: Timestamp;
  /** Most sessions of each kind in one step. */
  readonly limit: number;
}

export interface Settled {
  readonly left: readonly ServiceSession[];
  readonly absent: readonly ServiceSession[];
  readonly closed: readonly ServiceSession[];
}

export interface Transfer extends ServiceAct {
  readonly to: { readonly agentId: string; readonly seenAfter: Timestamp } | { readonly skill: string };
}

export interface ReleaseLost {
  /** Agents who were not seen after this are lost, and those who may not write. */
  readonly seenAfter: Timestamp;
  readonly at: Timestamp;
  readonly limit: number;
}

export interface ServiceQuery extends Page {
  readonly tenant: string;
  readonly state?: ServiceState;
  readonly agentId?: string;
  readonly customerId?: string;
  readonly skill?: string;
  /** Opened at or after, and before. */
  readonly from?: Timestamp;
  readonly to?: Timestamp;
}

export interface StatsQuery {
  readonly tenant: string;
  /** Opened at or after, and before. */
  readonly from: Timestamp;
  readonly to: Timestamp;
}

/** Sums over service sessions with the same agent that were opened in the same hour. */
export interface ServiceTally {
  readonly agentId: string | null;
  readonly hour: Timestamp;
  readonly opened: number;
  readonly active: number;
  readonly closed: number;
  /** Those of them that ended as their customers were absent. */
  readonly abandoned: number;
  readonly answered: number;
  /** From opening to answer, in ms. */
  readonly answerTime: number;
  /** From opening to close, in ms. */
  readonly length: number;
  readonly rated: number;
  readonly score: number;
}

/** The session that was looked at last. */
export interface TallyCursor {
  readonly openedAt: Timestamp;
  readonly key: number;
}

export interface TallyQuery extends StatsQuery {
  readonly after?: TallyCursor;
  /** Most sessions to look at. */
  readonly limit: number;
}

export interface TallyPage {
  readonly tallies: readonly ServiceTally[];
  /** Where to go on if there may be more. */
  readonly next?: TallyCursor;
}

/** What goes on at a tenant's desk now. */
export interface DeskCounts {
  readonly waiting: number;
  /** Those who wait whose customers are absent. */
  readonly absent: number;
  readonly active: number;
}

export interface NoteAdded {
  /** As stored: the first one where the author's client id was known already. */
  readonly note: ServiceNote;
  readonly duplicate: boolean;
  /** Who serves the session at that moment; whoever gets it later gets the note with it. */
  readonly agentId: string | null;
}

export interface QueuedCustomer {
  readonly sessionId: string;
  readonly customerId: string;
}

/** What the desk did without a user. */
export interface Removal {
  /** Those that it had opened. */
  readonly closed: readonly ServiceSession[];
  /** Those that it served, back at the queue's head. */
  readonly released: readonly Handover[];
}

/** A tenant's service sessions by what becomes of them next. */
export interface DeskTotals {
  readonly waiting: number;
  readonly active: number;
}

/**
 * The service desk: service sessions, their queue, and the agents. A session is opened by its first message (see
 * `MessageTarget`). Whatever gives a session to an agent looks at queue and agents and changes both in one step, so that
 * nodes that share the store never give one customer two agents, nor an agent more than its capacity. Whoever gets a
 * session becomes a member of its conversation, whoever loses it is none any more.
 *
 * ENOENT (field `sessionId`) where there is no such session.
 */
export interface DeskStore {
  /** Marks agents as connected to a node; one that is new is `away`. Users who are no more are passed over. */
  agentsSeen(seen: AgentsSeen): Promise<void>;
  /** The agent's last connection to the node ended: it gets no customers until it is seen again. */
  agentLeft(left: AgentLeft): Promise<void>;
  /** A node starts: no agent or customer is connected to it, and all who are not connected count as seen now. Nothing was idle while no node ran. */
  resumeDesk(node: string, at: Timestamp): Promise<void>;
  setAgentStatus(change: AgentStatusChange): Promise<DeskAgent>;
  /**
   * Gives the next customer to the agent that `nextMatch` of `core/desk/assignment.ts` names; null where there is none.
   * Who may not write is given nobody, by no operation.
   */
  assignNext(query: AssignNext): Promise<Handover | null>;
  /** Gives one waiting customer to the actor. ECONFLICT where it waits no more, or the actor has enough. */
  acceptService(act: ServiceAct): Promise<Handover>;
  /**
   * Gives an active session to another agent, or puts it at the end of the queue of a skill. EPERM unless the actor
   * serves it. ENOENT (field `agentId`) for one who is no agent, (field `skill`) where no agent who may write has the skill;
   * ECONFLICT where the agent is not online, may not write, or has enough.
   */
  transferService(transfer: Transfer): Promise<Handover>;
  /** Puts sessions of lost agents, and of those who may not write, at the queue's head, those opened first in front; at most `limit`. */
  releaseLost(release: ReleaseLost): Promise<Handover[]>;
  /** Ends what the user has at the desk, as customer and as agent. */
  removeFromDesk(user: AgentRef, at: Timestamp): Promise<Removal>;
  /** The user is no agent any more: puts the sessions that it serves at the queue's head, and forgets its status. */
  removeAgent(agent: AgentRef, at: Timestamp): Promise<Handover[]>;
  /**
   * Marks customers as connected to a node; those without an open session are passed over. Returns the sessions of those
   * who were not connected before: none of them is absent any more.
   */
  customersSeen(seen: CustomersSeen): Promise<ServiceSession[]>;
  /** The customer's last connection to the node ended. Null where it has no open session, or was not connected there. */
  customerLeft(left: AgentLeft): Promise<ServiceSession | null>;
  /** Settles what is overdue, the oldest first. */
  settleOverdue(overdue: Overdue): Promise<Settled>;
  /** EPERM for one who is neither its customer nor its agent; ECONFLICT where it is closed. */
  closeService(act: ServiceAct): Promise<ServiceSession>;
  /**
   * EPERM for one who is not its customer; ECONFLICT where it is not closed, was closed longer than the window (in ms; 0 is
   * for ever) ago, or rated before.
   */
  rateService(act: ServiceAct, rating: Omit<ServiceRating, 'at'>, window?: number): Promise<ServiceSession>;
  /** ECONFLICT where the session is closed, or (field `clientId`) the author's client id was used for another note. */
  addNote(note: ServiceNote, originSession?: string): Promise<NoteAdded>;

  findService(tenant: string, sessionId: string): Promise<ServiceSession | undefined>;
  /** The customer's session that is not closed. */
  findOpenService(tenant: string, customerId: string): Promise<ServiceSession | undefined>;
  /** Customers of open sessions of all tenants. */
  listOpenCustomers(after: number, limit: number): Promise<OpenCustomerPage>;
  /** The newest first; `after` is the id of a session. */
  listServices(query: ServiceQuery): Promise<ServiceSession[]>;
  /** Those who wait for a skill, the next one first. */
  listQueue(tenant: string, skill: string, limit: number): Promise<QueuedCustomer[]>;
  /** 1 for the next one; null where the session does not wait. */
  queuePosition(tenant: string, sessionId: string): Promise<number | null>;
  /** Tenants in which somebody waits. */
  listWaitingTenants(): Promise<string[]>;
  /** The newest notes of a session, in their order. */
  listNotes(tenant: string, sessionId: string, limit: number): Promise<ServiceNote[]>;
  findBoard(tenant: string): Promise<DeskBoard>;
  /** Looks at some of the sessions, those opened first, and adds them up. */
  tallyServices(query: TallyQuery): Promise<TallyPage>;
  countDesk(tenant: string): Promise<DeskCounts>;
  /** Of all tenants together. */
  countServices(): Promise<DeskTotals>;
}
