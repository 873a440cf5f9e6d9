import { DomainError } from '../errors.ts';

/** Throws ENOENT unless a conversation was found, or the user's membership of it. */
export function requireConversation(found: unknown, id: string): asserts found {
  if (!found) throw new DomainError('ENOENT', `no conversation ${id}`, { field: 'conversationId' });
}

/** Throws ENOENT unless the only conversation that a user asks for news of is one of its own. */
export function requireOwnConversation(isMember: boolean): void {
  if (!isMember) throw new DomainError('ENOENT', 'no such conversation', { field: 'conversationId' });
}
