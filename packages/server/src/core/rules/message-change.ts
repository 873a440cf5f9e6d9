import { DomainError } from '../errors.ts';
import { canBecome, statusOfState } from '../message-status.ts';
import type { MessageState } from '../model.ts';

export function noMessageToChange(): DomainError {
  return new DomainError('ENOENT', 'no such message', { field: 'messageId' });
}

/** ECONFLICT where a message can't become that any more. */
export function requireChangeable(state: MessageState, to: MessageState): void {
  if (canBecome(statusOfState(state), statusOfState(to))) return;
  throw new DomainError('ECONFLICT', `the message is ${state}`, { field: 'messageId' });
}
