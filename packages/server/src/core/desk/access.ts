import { DomainError } from '../errors.ts';
import type { Principal, Role } from '../model.ts';

/** Whether the principal may see what the desk's agents see: all service sessions, their notes, the figures. */
export function isAtDesk({ role }: Principal): boolean {
  return role !== 'user';
}

/** Whether the role is one of those who serve customers. */
export function mayServe(role: Role): boolean {
  return role === 'agent' || role === 'admin';
}

/** Throws EPERM unless the principal may serve customers. */
export function requireAgent({ role }: Principal): void {
  if (!mayServe(role)) {
    throw new DomainError('EPERM', 'only the role agent or admin may do this');
  }
}
