import type { CloseReason, ServiceNote, ServiceSession, ServiceState } from '../desk/model.ts';
import { DomainError } from '../errors.ts';
import type { ServiceAct } from '../ports/desk-store.ts';
import { requireMove, requireNotClosed } from './service-state.ts';

type Sides = Pick<ServiceSession, 'customerId' | 'agentId'>;
type Actor = Pick<ServiceAct, 'actorId' | 'isManager'>;

/** Throws ENOENT unless a service session was found. */
export function requireService(found: unknown, id: string): asserts found {
  if (!found) throw new DomainError('ENOENT', `no service session ${id}`, { field: 'sessionId' });
}

/**
 * Why a session ends that somebody closes. Throws EPERM for one who is neither its customer nor its agent nor a manager;
 * whether it can still be closed is the state's affair.
 */
export function decideClose({ customerId, agentId }: Sides, { actorId, isManager }: Actor): CloseReason {
  if (actorId === customerId) return 'customer';
  if (actorId === agentId) return 'agent';
  if (!isManager) throw notYours();
  return 'manager';
}

/**
 * A customer rates its own session, once it is closed and once only. Throws EPERM, ECONFLICT.
 *
 * @param window how long after the end, in ms; for ever where 0
 */
export function requireRatable(
  {
    customerId,
    state,
    rating,
    closedAt,
  }: Pick<ServiceSession, 'customerId' | 'state' | 'rating' | 'closedAt'>,
  { actorId, at }: Pick<ServiceAct, 'actorId' | 'at'>,
  window: number,
): void {
  if (customerId !== actorId) throw notYours();
  if (state !== 'closed') throw conflict('the service session is not closed yet');
  if (rating !== null) throw conflict('the service session is rated already');
  if (window > 0 && at - (closedAt ?? at) > window) {
    throw conflict(`a service session may be rated for ${window / 1000} s after its end`, window);
  }
}

export interface NoteFacts {
  readonly state: ServiceState;
  /** The note that its author wrote with the same client id. */
  readonly known: { readonly isOfSession: boolean; readonly content: string } | undefined;
}

/**
 * Whether a note is new, and no repeat of the one that is known. Throws ECONFLICT where the client id was used for another
 * note, and for a new one in a closed session.
 */
export function isNewNote({ content }: Pick<ServiceNote, 'content'>, { state, known }: NoteFacts): boolean {
  if (known?.isOfSession && known.content === content) return false;
  if (known) {
    throw new DomainError('ECONFLICT', 'this id was used for another note', { field: 'clientId' });
  }
  requireNotClosed(state);
  return true;
}

/** Its agent or a manager gives an active session on. Throws EPERM for others, ECONFLICT in another state. */
export function requireTransferable(
  { agentId, state }: Pick<ServiceSession, 'agentId' | 'state'>,
  { actorId, isManager }: Actor,
): void {
  if (!isManager && agentId !== actorId) throw notYours();
  // Only an active one can go back, or on.
  requireMove(state, 'queued');
}

function notYours(): DomainError {
  return new DomainError('EPERM', 'the service session is not yours', { field: 'sessionId' });
}

function conflict(message: string, limit?: number): DomainError {
  return new DomainError('ECONFLICT', message, {
    field: 'sessionId',
    ...(limit === undefined ? {} : { limit }),
  });
}
