import { requireAddress } from './addresses.ts';
import { DomainError } from './errors.ts';
import type { GuestOrigin, Message, Principal, Profile, User } from './model.ts';
import { MAX_NICKNAME_LENGTH, requireName } from './names.ts';
import { requireId } from './validate.ts';

/** No user's id has a colon: whoever becomes a user later does not own what a guest of the same name said. */
const GUEST_PREFIX = 'guest:';

/** Largest profile as JSON, in bytes: a room of thousands is told all of them at once. */
const MAX_PROFILE_BYTES = 1024;

/** One who is no user and says itself who it is. EINVAL, ETOOLONG naming the field. */
export function guestPrincipal(
  tenant: string,
  id: string,
  profile: Profile,
  origin?: GuestOrigin,
): Principal {
  const guest = requireProfile(profile);
  return {
    tenant,
    userId: GUEST_PREFIX + requireId(id, 'from.id'),
    role: 'user',
    name: guest.nickname,
    guest,
    ...(origin ? { origin } : {}),
  };
}

/** The id as its owner knows it: a guest's without what tells it from users' ids. */
export function shownId(id: string): string {
  return isGuestId(id) ? id.slice(GUEST_PREFIX.length) : id;
}

export function isGuestId(id: string): boolean {
  return id.startsWith(GUEST_PREFIX);
}

/** How a user is shown. */
export function profileOf({
  id,
  uid,
  nickname,
  avatar,
}: Pick<User, 'id' | 'uid' | 'nickname' | 'avatar'>): Profile {
  const name = nickname === '' ? id : nickname;
  return { name, number: String(uid), nickname: name, avatar };
}

/** How the sender of a message is shown: a user as it is called now, a guest as it called itself then. */
export function senderProfile({ guest, senderId, parties }: Message): Profile {
  return guest ?? profileOf({ id: senderId, ...parties.sender });
}

function requireProfile(profile: Profile): Profile {
  const shown = {
    name: requireGuestName(profile.name, 'from.personName'),
    number: requireGuestName(profile.number, 'from.personNum'),
    nickname: requireGuestName(profile.nickname, 'from.nickName'),
    avatar: requireAddress(profile.avatar, 'from.headImgUrl', MAX_PROFILE_BYTES),
  };
  if (Buffer.byteLength(JSON.stringify(shown)) <= MAX_PROFILE_BYTES) return shown;
  throw new DomainError('ETOOLONG', `from has more than ${MAX_PROFILE_BYTES} bytes`, {
    field: 'from',
    limit: MAX_PROFILE_BYTES,
  });
}

function requireGuestName(name: string, field: string): string {
  return requireName(name, field, { max: MAX_NICKNAME_LENGTH, mayBeEmpty: true });
}
