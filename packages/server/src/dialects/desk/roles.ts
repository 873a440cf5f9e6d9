import { DomainError } from '../../core/errors.ts';
import type { Role } from '../../core/model.ts';

export const CUSTOMER_PATH = '/ws/chat';
export const AGENT_PATH = '/ws/agent';

const ROLES: ReadonlyMap<string, readonly Role[]> = new Map<string, readonly Role[]>([
  [CUSTOMER_PATH, ['user']],
  [AGENT_PATH, ['agent', 'admin']],
]);

/** Throws EPERM unless the endpoint is for this role. */
export function requireEndpoint(path: string, role: Role): void {
  const roles = ROLES.get(path) ?? [];
  if (roles.includes(role)) return;
  throw new DomainError('EPERM', `${path} is for the role ${roles.join(' or ')}, the token has ${role}`);
}
