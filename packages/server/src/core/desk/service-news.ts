import { userTopic } from '../topics.ts';
import type { ServiceSession } from './model.ts';

/** The users whom a service session concerns, each once. */
export function partyTopics(
  { tenant, customerId, agentId }: ServiceSession,
  formerAgentId: string | null = null,
): string[] {
  const users = new Set([customerId, agentId, formerAgentId].filter((id) => id !== null));
  return [...users].map((userId) => userTopic(tenant, userId));
}
