import { isManager } from './access.ts';
import { requireClientId } from './content.ts';
import { DomainError } from './errors.ts';
import type { MessageStatus } from './events.ts';
import type { Limits } from './limits.ts';
import type { Message, Principal } from './model.ts';
import type { MessageLook, MessageStore, MessageView } from './ports/message-store.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { conversationTopic, userTopic } from './topics.ts';

/** Of the words that say why something was forwarded, edited or recalled, in characters. */
export const MAX_REASON_LENGTH = 200;

/** A message that the actor may see, by any id it knows. ENOENT, also for one it hid or that is none of its business. */
export async function findVisible(
  store: Pick<MessageStore, 'findMessage'>,
  actor: Principal,
  ref: string,
  prefer: MessageLook['prefer'],
  conversationId?: string,
): Promise<MessageView> {
  requireClientId(ref);
  const { tenant, userId: viewerId } = actor;
  const within = conversationId === undefined ? {} : { conversationId };
  const view = await store.findMessage({ tenant, ref, viewerId, prefer, ...within });
  if (!view || view.isHidden || !(view.isInSight || isManager(actor))) throw noMessage(ref);
  return view;
}

export function noMessage(ref: string): DomainError {
  return new DomainError('ENOENT', `no message ${ref}`, { field: 'messageId' });
}

/** Where a message is told: to both users of a single conversation, else to the conversation. */
export function topicsOf({ tenant, kind, senderId, targetId, conversationId }: Message): string[] {
  if (kind !== 'single') return [conversationTopic(tenant, conversationId)];
  const topics = [userTopic(tenant, targetId)];
  if (senderId !== targetId) topics.push(userTopic(tenant, senderId));
  return topics;
}

/** Whether a message makes the conversation of its two users. */
export function isFirstOfTwo({ kind, seq }: Message): boolean {
  return kind === 'single' && seq === 1;
}

/** That a message is stored. */
export function sentStatus(message: Message): MessageStatus {
  const { senderId: actorId, createdAt: at } = message;
  return { type: 'message.status', status: 'sent', message, actorId, at };
}

/** What is told of the session that asked, which gets a confirmation instead. */
export function fromSession(originSession: string | undefined): { readonly originSession?: string } {
  return originSession === undefined ? {} : { originSession };
}

/** Takes one of the actor's sends. ERATE; a service is not limited. */
export function requireRate(
  rate: RateLimiter,
  { sendRate }: Pick<Limits, 'sendRate'>,
  actor: Principal,
): void {
  if (actor.role === 'service') return;
  const retryAfter = rate.take(`${actor.tenant}/${actor.userId}`);
  if (retryAfter === 0) return;
  throw new DomainError('ERATE', `more than ${sendRate} a second; try again in ${retryAfter} ms`, {
    limit: sendRate,
    retryAfter,
  });
}
