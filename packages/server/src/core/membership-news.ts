import type { EventSink, MemberAdded } from './events.ts';
import type { ConversationKind } from './model.ts';
import type { NewMember } from './ports/conversation-store.ts';
import { conversationTopic, userTopic } from './topics.ts';

/** Who did it. */
interface Actor {
  readonly tenant: string;
  readonly userId: string;
}

export function memberAdded(
  { tenant, userId: actorId }: Actor,
  conversationId: string,
  { userId, role }: NewMember,
  kind: ConversationKind = 'group',
): MemberAdded {
  return { type: 'member.added', tenant, conversationId, kind, userId, role, actorId };
}

/**
 * Lets the sessions of a new member into the conversation: it hears what the conversation is told from now on, after what
 * the member was told before.
 */
export function letIn(sink: EventSink, addition: MemberAdded): void {
  const { tenant, userId, conversationId } = addition;
  sink.notify([userTopic(tenant, userId), conversationTopic(tenant, conversationId)], addition);
}

/** Tells a conversation, its new member included, who came. */
export function tellConversation(sink: EventSink, addition: MemberAdded): void {
  sink.publish([conversationTopic(addition.tenant, addition.conversationId)], addition);
}

/** Lets a new member in and tells the conversation. */
export function tellAdded(
  sink: EventSink,
  actor: Actor,
  conversationId: string,
  member: NewMember,
  kind?: ConversationKind,
): void {
  const addition = memberAdded(actor, conversationId, member, kind);
  letIn(sink, addition);
  tellConversation(sink, addition);
}

/** Tells a conversation, and the one who is no member any more, who went. */
export function tellRemoved(
  sink: EventSink,
  actor: Actor,
  conversationId: string,
  userId: string,
  kind: ConversationKind = 'group',
): void {
  const { tenant } = actor;
  sink.publish([conversationTopic(tenant, conversationId), userTopic(tenant, userId)], {
    type: 'member.removed',
    tenant,
    conversationId,
    kind,
    userId,
    actorId: actor.userId,
  });
}

/** Tells a group who has another role now. */
export function tellRoles(
  sink: EventSink,
  { tenant, userId: actorId }: Actor,
  conversationId: string,
  members: readonly NewMember[],
): void {
  for (const { userId, role } of members) {
    sink.publish([conversationTopic(tenant, conversationId)], {
      type: 'member.changed',
      tenant,
      conversationId,
      userId,
      role,
      actorId,
    });
  }
}

/** Tells all members once that their group is no more, and each of them alone that it is no member. */
export function tellDissolved(
  sink: EventSink,
  { tenant, userId: actorId }: Actor,
  conversationId: string,
  members: readonly string[],
): void {
  const end = { type: 'group.dissolved', tenant, conversationId, actorId } as const;
  // First the members' sessions know that they leave as soon as this was told to them.
  sink.notify(
    members.map((userId) => userTopic(tenant, userId)),
    end,
  );
  sink.publish([conversationTopic(tenant, conversationId)], end);
  for (const userId of members) {
    const removal = {
      type: 'member.removed',
      tenant,
      conversationId,
      kind: 'group',
      userId,
      actorId,
    } as const;
    sink.publish([userTopic(tenant, userId)], removal);
  }
}
