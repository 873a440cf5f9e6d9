import { DomainError } from '../errors.ts';
import { isGuestId } from '../guests.ts';
import type { ConversationKind, Profile } from '../model.ts';
import type { NewRoom } from '../ports/room-store.ts';
import { requireFree } from './ids.ts';
import { requireUser } from './users.ts';

/** Throws ENOENT unless a room was found. */
export function requireRoom<Found extends { readonly kind: ConversationKind }>(
  found: Found | undefined,
  id: string,
): asserts found is Found {
  if (found?.kind !== 'room') throw new DomainError('ENOENT', `no room ${id}`, { field: 'id' });
}

export interface NewRoomFacts {
  readonly isIdTaken: boolean;
  /** Whether the owner's id is that of a user. */
  readonly isOwnerUser: boolean;
}

/**
 * The profile to keep of a new room's owner: of a guest only, as users have their own. Throws ECONFLICT where the id is
 * taken, ENOENT where the owner is neither a user nor a guest.
 */
export function decideNewRoom(
  { id, owner }: Pick<NewRoom, 'id' | 'owner'>,
  { isIdTaken, isOwnerUser }: NewRoomFacts,
): Profile | null {
  requireFree(isIdTaken, 'id', id);
  if (!owner) return null;
  if (isGuestId(owner.id)) return owner.profile;
  requireUser(isOwnerUser, owner.id, 'ownerId');
  return null;
}
