import type { CoreEvent } from '../core/events.ts';
import type { Message } from '../core/model.ts';
import type { ReceiptSubject } from '../core/receipts.ts';

/** What is kept of a message that was told: never its content, as thousands may wait for their acknowledgement. */
export interface MessageTrace extends ReceiptSubject {
  /** Whether it was told as new, or as changed. */
  readonly kind: 'created' | 'changed';
  readonly revision: number;
  /** Of its conversation, 0 where nobody counted them. */
  readonly memberCount: number;
}

export interface NotificationTrace {
  readonly kind: 'notification';
  readonly tenant: string;
  readonly id: string;
}

/** What is kept of something told until it is known to have reached somebody. */
export type Trace = MessageTrace | NotificationTrace;

/** Undefined for events that nobody keeps account of. */
export function traceOf(event: CoreEvent): Trace | undefined {
  switch (event.type) {
    case 'message.created':
      return messageTrace('created', event.message, event.memberCount);
    case 'message.changed':
      return messageTrace('changed', event.message, 0);
    case 'notification': {
      const { tenant, id } = event.notification;
      return { kind: 'notification', tenant, id };
    }
    default:
      return undefined;
  }
}

function messageTrace(kind: MessageTrace['kind'], message: Message, memberCount: number): MessageTrace {
  const { tenant, conversationId, id, clientId, senderId, seq, state, revision } = message;
  return { kind, tenant, conversationId, id, clientId, senderId, seq, state, revision, memberCount };
}
