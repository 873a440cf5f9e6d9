/** What each kind of target says beside its kind. */
interface Targets {
  /**
   * All messages that concern the user, but those of conversations subscribed to by themselves. Where the client has to confirm
   * each by a command, neither writing it nor its ACK counts as delivery.
   */
  readonly inbox: { readonly isConfirmed?: true };
  /** The messages of one group. */
  readonly group: { readonly groupId: string };
  /** What concerns one single conversation of the user. */
  readonly single: { readonly conversationId: string };
  /** Other events that concern the user. */
  readonly user: { readonly name: string };
  /** Events of the user and of all its groups, whatever else is subscribed. */
  readonly events: { readonly name: string };
  /** What is told at one topic of the hub. */
  readonly topic: { readonly name: string; readonly topic: string };
  /** What managers tell the user, or all users. Confirmed as in the inbox. */
  readonly notifications: { readonly name: string; readonly isConfirmed?: true };
  /** What the server writes to this session alone. */
  readonly replies: { readonly name: string };
}

export type TargetKind = keyof Targets;

/** What a SUBSCRIBE's destination means. `name` tells a dialect's own destinations of one kind apart. */
export type Target<Kind extends TargetKind = TargetKind> = {
  [K in Kind]: { readonly kind: K } & Targets[K];
}[Kind];

/** The dialect's own name of a target; its kind where it has none. */
export function nameOf(target: Target): string {
  return 'name' in target ? target.name : target.kind;
}
