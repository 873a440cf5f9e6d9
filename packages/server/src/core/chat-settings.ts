import { DomainError } from './errors.ts';

/** What the managers of a tenant set for all its users. */
export interface ChatSettings {
  /** Longest text of a message, in characters (code points). */
  readonly maxMessageLength: number;
  /** Largest file that may be uploaded, in MB (2^20 bytes). */
  readonly fileUploadLimit: number;
}

/** What a user may do in chats: one that is `read_only` gets, reads and acknowledges, and says and changes nothing. */
export const CHAT_PERMISSIONS = ['read_only', 'full_access'] as const;
export type ChatPermission = (typeof CHAT_PERMISSIONS)[number];

/** Where neither the managers nor the server's configuration say otherwise, in MB. */
export const DEFAULT_FILE_UPLOAD_LIMIT = 10;

/** Highest values that can be meant: a longer text fits no frame, and a larger file no request. */
export const HIGHEST_SETTINGS: ChatSettings = { maxMessageLength: 65_536, fileUploadLimit: 10_240 };
const NAMES = Object.keys(HIGHEST_SETTINGS) as (keyof ChatSettings)[];

/** Throws EINVAL naming the field unless there is something to change, and each value makes sense. */
export function requireChatSettings(patch: Partial<ChatSettings>): void {
  const named = NAMES.filter((name) => patch[name] !== undefined);
  if (named.length === 0) {
    throw new DomainError('EINVAL', `newConfig must have one of ${NAMES.join(', ')}`, { field: 'newConfig' });
  }
  for (const name of named) requireWhole(patch[name] as number, `newConfig.${name}`, HIGHEST_SETTINGS[name]);
}

function requireWhole(value: number, field: string, limit: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= limit) return;
  throw new DomainError('EINVAL', `${field} must be a whole number from 1 to ${limit}`, { field, limit });
}
