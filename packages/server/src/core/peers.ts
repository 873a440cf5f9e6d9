import type { Limits } from './limits.ts';
import type { ConversationStore } from './ports/conversation-store.ts';

interface PeersDeps {
  readonly store: Pick<ConversationStore, 'listPeers'>;
  readonly limits: Limits;
}

/**
 * The users who learn of one user: those who share a single chat or a group with it, each once. Groups above
 * `maxReceiptMembers` do not count, and no more than `maxPresencePeers` are given.
 */
export function listPeers({ store, limits }: PeersDeps, tenant: string, userId: string): Promise<string[]> {
  const { maxReceiptMembers: maxMembers, maxPresencePeers: limit } = limits;
  return store.listPeers({ tenant, userId, maxMembers, limit });
}
