import { DomainError } from '../errors.ts';
import type { ConversationKind, MessageState } from '../model.ts';

/** EAUTH where the id of whom a command was taken from is somebody else's by now. */
export function requireSamePerson(generation: number | undefined, given: number | undefined): void {
  if (given === undefined || generation === given) return;
  throw new DomainError('EAUTH', 'the user was deleted');
}

/** ECONFLICT where a client id was used before, for another message. */
export function requireSameMessage(isSame: boolean): void {
  if (isSame) return;
  throw new DomainError('ECONFLICT', 'this message id was used for another message', { field: 'clientId' });
}

/** As much of a message as says whether another may refer to it. */
export interface Referred {
  readonly isInSight: boolean;
  readonly isHidden: boolean;
  readonly state: MessageState;
}

/** ENOENT where the sender may not see what its message refers to; ECONFLICT where it is gone. */
export function requireReferable(ref: string, found: Referred | undefined): void {
  if (!found?.isInSight || found.isHidden) {
    throw new DomainError('ENOENT', `no message ${ref}`, { field: 'reference' });
  }
  if (found.state !== 'recalled' && found.state !== 'deleted') return;
  throw new DomainError('ECONFLICT', `the message ${ref} is ${found.state}`, { field: 'reference' });
}

/** The refusals of a target that is not there. */
export function noUid(uid: number): DomainError {
  return new DomainError('ENOENT', `nobody has the uid ${uid}`, { field: 'target' });
}

export function noTarget(id: string, kind: 'user' | 'conversation'): DomainError {
  return new DomainError('ENOENT', `no ${kind} ${id}`, { field: 'target' });
}

export function noServiceSession(id: string): DomainError {
  return new DomainError('ENOENT', `no service session ${id}`, { field: 'sessionId' });
}

/** EPERM where a conversation would have to be made for a sender who is no user. */
export function requireSender(isUser: boolean): void {
  if (!isUser) throw new DomainError('EPERM', 'the sender is no user');
}

/** What says whether somebody may write in a conversation. */
export interface AppendFacts {
  readonly kind: ConversationKind;
  readonly isGuest: boolean;
  /** Whether it is a room that is open to guests. */
  readonly isOpen: boolean;
  readonly isMember: boolean;
}

/** EPERM for one who is neither a member nor a guest of an open room. */
export function decideAppend({ isGuest, isOpen, isMember }: AppendFacts): void {
  if (isGuest ? isOpen : isMember) return;
  const reason = isGuest
    ? 'this conversation is not open to guests'
    : 'you are not a member of this conversation';
  throw new DomainError('EPERM', reason, { field: 'target' });
}
