import type { DeskAgent, ServiceSession } from '../desk/model.ts';
import { DomainError } from '../errors.ts';
import type { Timestamp } from '../model.ts';
import { requireState } from './service-state.ts';

/** How an agent is at the desk. */
export interface Seat
  extends Pick<DeskAgent, 'status' | 'isConnected' | 'isSuspended' | 'capacity' | 'active'> {
  readonly seenAt: Timestamp;
}

/** Somebody who is to serve a customer. */
export interface AgentFacts {
  readonly userId: string;
  /** Undefined for one who was never at the desk. */
  readonly seat: Seat | undefined;
  /** Whether there is such a user, whose role is to serve. */
  readonly isAgent: boolean;
}

type Served = Pick<ServiceSession, 'customerId' | 'agentId' | 'state'>;

/** Whether an agent is connected to a node that is alive. @param seenAfter nodes that told of it last before are lost */
export function isPresent({ isConnected, seenAt }: Seat, seenAfter: Timestamp): boolean {
  return isConnected && seenAt > seenAfter;
}

/** Whether an agent may be given a customer that it did not ask for. */
export function isFree(seat: Seat, seenAfter: Timestamp): boolean {
  return (
    seat.status === 'online' && isPresent(seat, seenAfter) && !seat.isSuspended && seat.active < seat.capacity
  );
}

/** Throws ECONFLICT for an agent who was never at the desk, ENOENT for anybody else who was not. */
export function requireSeat({ userId, seat, isAgent }: AgentFacts): Seat {
  if (seat) return seat;
  if (!isAgent) throw new DomainError('ENOENT', `no agent ${userId}`, { field: 'agentId' });
  throw notOnline(userId, 'agentId');
}

/**
 * An agent takes a customer out of the queue, whatever its status. Throws ECONFLICT where the session is not in the queue
 * or is the agent's own matter, and where the agent can't serve one more; as `requireSeat` for others than agents.
 */
export function requireAcceptable(session: Served, agent: AgentFacts): void {
  requireState(session.state, 'queued');
  requireOther(session, agent, 'sessionId');
  requireCapacity(agent.userId, requireSeat(agent), 'sessionId');
}

/**
 * A session is given to another agent, who must be online. Throws EINVAL where the agent has it; else as `requireAcceptable`,
 * but for the session's state.
 */
export function requireTarget(
  session: Pick<Served, 'customerId' | 'agentId'>,
  agent: AgentFacts,
  seenAfter: Timestamp,
): void {
  const { userId } = agent;
  if (userId === session.agentId) {
    throw new DomainError('EINVAL', 'the agent has the service session already', { field: 'agentId' });
  }
  requireOther(session, agent, 'agentId');
  const seat = requireSeat(agent);
  if (seat.status !== 'online' || !isPresent(seat, seenAfter)) throw notOnline(userId, 'agentId');
  requireCapacity(userId, seat, 'agentId');
}

/** Throws ENOENT where nobody could ever serve a customer who needs this. @param isServed whether an agent has the skill */
export function requireServedSkill(skill: string, isServed: boolean): void {
  if (skill === '' || isServed) return;
  throw new DomainError('ENOENT', `no agent has the skill ${skill}`, { field: 'skill' });
}

/** Nobody serves itself. */
function requireOther(
  { customerId }: Pick<Served, 'customerId'>,
  { userId }: AgentFacts,
  field: string,
): void {
  if (userId !== customerId) return;
  throw new DomainError('ECONFLICT', `${userId} is the customer of the service session`, { field });
}

/** Whether it is connected, may write, and may have one more. */
function requireCapacity(
  userId: string,
  { isSuspended, isConnected, active, capacity }: Seat,
  field: string,
) {
  if (isSuspended) throw new DomainError('ECONFLICT', `the agent ${userId} may only read`, { field });
  if (!isConnected) throw notOnline(userId, field);
  if (active < capacity) return;
  const reason =
    capacity === 0
      ? 'takes no service sessions: its capacity is 0'
      : `has ${capacity} service sessions already`;
  throw new DomainError('ECONFLICT', `the agent ${userId} ${reason}`, { field, limit: capacity });
}

function notOnline(userId: string, field: string): DomainError {
  return new DomainError('ECONFLICT', `the agent ${userId} is not online`, { field });
}
