/** What becomes of a message for one recipient, as its sender sees it (document of `im`, appendix A). */
export const MESSAGE_STATUSES = [
  'sending',
  'sent',
  'delivered',
  'read',
  'failed',
  'edited',
  'recalled',
  'deleted',
] as const;
export type MessageStatusName = (typeof MESSAGE_STATUSES)[number];

/**
 * The steps there are; no other is ever told. A status never moves back: what was read is not delivered again, and a
 * recalled message can only go out of sight. An edited one may still be delivered and read, by who was away.
 */
const STEPS: Readonly<Record<MessageStatusName, readonly MessageStatusName[]>> = {
  sending: ['sent', 'failed'],
  sent: ['delivered', 'read', 'failed', 'edited', 'recalled', 'deleted'],
  delivered: ['read', 'edited', 'recalled', 'deleted'],
  read: ['edited', 'recalled', 'deleted'],
  failed: [],
  edited: ['delivered', 'read', 'edited', 'recalled', 'deleted'],
  recalled: ['deleted'],
  deleted: [],
};

export function canBecome(from: MessageStatusName, to: MessageStatusName): boolean {
  return STEPS[from].includes(to);
}

/** The status that a stored message has by itself, before any receipt. */
export function statusOfState(state: 'normal' | 'edited' | 'recalled' | 'deleted'): MessageStatusName {
  return state === 'normal' ? 'sent' : state;
}
