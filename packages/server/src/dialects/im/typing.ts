import { type ImEventMessage, ImMessageType } from '@haina/wire';
import type { CoreEvent } from '../../core/events.ts';
import { isoTime } from '../../core/time.ts';
import { eventIdOf, serverEnvelope } from './envelope.ts';

/** Who is writing, or has stopped; undefined for other events. */
export function renderTyping(event: CoreEvent): ImEventMessage | undefined {
  if (event.type !== 'typing' && event.type !== 'service.typing') return undefined;
  const { userId, isTyping: typing, at, expiresAt } = event;
  const isService = event.type === 'service.typing';
  const conversationId = isService ? event.sessionId : event.conversationId;
  const receiverId = isService ? event.sessionId : event.targetId;
  const eventType = 'business.user.typing';
  const eventId = eventIdOf(event);
  const times = { expiresAt: isoTime(expiresAt), timestamp: isoTime(at) };
  return {
    ...serverEnvelope(at, { messageId: eventId, senderId: userId, receiverId, conversationId }),
    type: ImMessageType.EVENT_USER_STATUS_CHANGE,
    event: {
      content: JSON.stringify({ eventType, userId, conversationId, typing, ...times }),
      eventType,
      eventId,
    },
  };
}
