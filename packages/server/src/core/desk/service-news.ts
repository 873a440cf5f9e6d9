import type { EventSink, ServiceChangeKind } from '../events.ts';
import { userTopic } from '../topics.ts';
import type { Handover, ServiceSession } from './model.ts';

/** Tells the customer, the agent, and who was the agent, what became of a service session. */
export function tellChanged(
  sink: EventSink,
  change: ServiceChangeKind,
  session: ServiceSession,
  formerAgentId: string | null = null,
): void {
  const topics = partyTopics(session, formerAgentId);
  sink.publish(topics, { type: 'service.changed', change, session, formerAgentId });
}

/** The users whom a service session concerns, each once. */
export function partyTopics(
  { tenant, customerId, agentId }: ServiceSession,
  formerAgentId: string | null = null,
): string[] {
  const users = new Set([customerId, agentId, formerAgentId].filter((id) => id !== null));
  return [...users].map((userId) => userTopic(tenant, userId));
}

/** Tells a new agent what was said and noted before, as if it came just now. */
export function tellHandover(sink: EventSink, { session, said, notes }: Handover, agentId: string): void {
  const topics = [userTopic(session.tenant, agentId)];
  for (const message of said) {
    sink.publish(topics, { type: 'message.created', message, isRetold: true, memberCount: 2 });
  }
  for (const note of notes) sink.publish(topics, { type: 'service.noted', note });
}
