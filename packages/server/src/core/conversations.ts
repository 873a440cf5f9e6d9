/** The id of the conversation of two users: the same from either side. User ids hold no `:`. */
export function singleConversationId(a: string, b: string): string {
  return a < b ? `single:${a}:${b}` : `single:${b}:${a}`;
}

/** Whether this is the id of a conversation of this user with another, or with itself. */
export function isSingleOf(conversationId: string, userId: string): boolean {
  return conversationId === singleConversationId(userId, singlePeer(conversationId, userId));
}

/** The other user of a single conversation (or oneself, for a talk with oneself). */
export function singlePeer(conversationId: string, userId: string): string {
  const [, a, b] = conversationId.split(':') as [string, string, string];
  return a === userId ? b : a;
}
