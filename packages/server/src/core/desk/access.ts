import { DomainError } from '../errors.ts';
import type { Principal } from '../model.ts';

/** Whether the principal may see what the desk's agents see: all service sessions, their notes, the figures. */
export function isAtDesk({ role }: Principal): boolean {
  return role !== 'user';
}

/** Throws EPERM unless the principal may serve customers. */
export function requireAgent({ role }: Principal): void {
  if (role !== 'agent' && role !== 'admin') {
    throw new DomainError('EPERM', 'only the role agent or admin may do this');
  }
}
