import { isManager } from './access.ts';
import { requireAddress } from './addresses.ts';
import { fileNamedBy } from './content-files.ts';
import type { Principal, Timestamp } from './model.ts';
import type { Picture } from './ports/file-store.ts';

/** What a user or group is to be shown with, by its address or the empty text for none. EINVAL, ETOOLONG (field `avatar`). */
export function requirePicture(actor: Principal, address: string, at: Timestamp): Picture {
  const file = fileNamedBy(requireAddress(address, 'avatar'), 'avatar');
  const by = { userId: actor.userId, isManager: isManager(actor) };
  return { address, ...(file ? { file } : {}), by, at };
}
