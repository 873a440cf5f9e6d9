import type { ServiceState } from '../desk/model.ts';
import { DomainError } from '../errors.ts';

/** The steps there are. From `active` to `active` it goes to another agent; back to `queued` it lost its own. */
const STEPS: Readonly<Record<ServiceState, readonly ServiceState[]>> = {
  queued: ['active', 'closed'],
  active: ['active', 'queued', 'closed'],
  closed: [],
};

export function canMove(from: ServiceState, to: ServiceState): boolean {
  return STEPS[from].includes(to);
}

/** Throws ECONFLICT unless there is such a step. */
export function requireMove(from: ServiceState, to: ServiceState): void {
  if (!canMove(from, to)) throw isNow(from);
}

/** Throws ECONFLICT in a closed session: whatever would tell the other side something, or change what it has. */
export function requireNotClosed(state: ServiceState): void {
  if (state === 'closed') throw isNow(state);
}

/** Throws ECONFLICT in any other state. */
export function requireState(state: ServiceState, wanted: ServiceState): void {
  if (state !== wanted) throw isNow(state);
}

function isNow(state: ServiceState): DomainError {
  return new DomainError('ECONFLICT', `the service session is ${state}`, { field: 'sessionId' });
}
