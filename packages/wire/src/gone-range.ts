/** Sequences of a conversation, both ends included, that a sync can't tell any more. */
export interface GoneRange {
  conversationId: string;
  from: number;
  to: number;
}
