/** Where a dialect's session is in its life, with what exists only there. */
export type SessionState<Whole> =
  /** The client is looked at; nobody else knows of it. */
  | { readonly name: 'opening' }
  /** Everybody may know of it, and it serves its client. */
  | { readonly name: 'open'; readonly session: Whole }
  /** Its connection is gone. Work that was in flight then may still ask whose it was, if it ever was open. */
  | { readonly name: 'ended'; readonly session: Whole | undefined };

export type SessionStateName = SessionState<unknown>['name'];
type StateOf<Name extends SessionStateName, Whole> = Extract<SessionState<Whole>, { name: Name }>;

interface Transitions {
  opening: 'open' | 'ended';
  open: 'ended';
  ended: never;
}

/** The states that may be left for `To`. */
type Sources<To extends SessionStateName> = {
  [From in SessionStateName]: To extends Transitions[From] ? From : never;
}[SessionStateName];

/**
 * The one way from a state to the next. An illegal step does not type-check, nor does one from a state that was not
 * looked at first.
 */
export function transition<Whole, To extends SessionStateName>(
  _from: StateOf<Sources<To>, Whole>,
  to: StateOf<To, Whole>,
): StateOf<To, Whole> {
  return to;
}
