import { DomainError } from './errors.ts';
import type { Principal } from './model.ts';

/** Whether the principal may manage users and groups of its tenant. */
export function isManager(actor: Principal): boolean {
  return actor.role === 'admin' || actor.role === 'service';
}

/** Throws EPERM unless the principal may manage its tenant. */
export function requireManager(actor: Principal): void {
  if (!isManager(actor)) throw new DomainError('EPERM', 'only the role admin or service may do this');
}
