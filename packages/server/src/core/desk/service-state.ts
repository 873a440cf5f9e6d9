import { DomainError } from '../errors.ts';
import type { ServiceState } from './model.ts';

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
  if (canMove(from, to)) return;
  throw new DomainError('ECONFLICT', `the service session is ${from}`, { field: 'sessionId' });
}
