import { unmarkedId } from './persons.ts';

/** The id of the conversation of two persons (by their keys): the same from either side. No key holds a `:`. */
export function singleConversationId(a: string, b: string): string {
  return a < b ? `single:${a}:${b}` : `single:${b}:${a}`;
}

/** Whether this can be the id of a conversation of whoever has this user id with another, or with itself. */
export function isSingleOf(conversationId: string, userId: string): boolean {
  const [, a = '', b = ''] = conversationId.split(':');
  if (unmarkedId(a) !== userId && unmarkedId(b) !== userId) return false;
  return conversationId === singleConversationId(a, b);
}

/** The other person of a single conversation (or the same, for a talk with oneself), by their keys. */
export function singlePeer(conversationId: string, person: string): string {
  const [, a, b] = conversationId.split(':') as [string, string, string];
  return a === person ? b : a;
}

/** As `singlePeer`, for whoever has this user id. */
export function singlePeerOf(conversationId: string, userId: string): string {
  const [, a, b] = conversationId.split(':') as [string, string, string];
  return unmarkedId(a) === userId ? b : a;
}
