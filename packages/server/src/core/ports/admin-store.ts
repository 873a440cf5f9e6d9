import type { ChatPermission, ChatSettings } from '../chat-settings.ts';
import type { Role, Timestamp } from '../model.ts';
import type { Page } from './page.ts';

/** Who did it, when and why. */
export interface AdminAct {
  readonly tenant: string;
  /** Of the audit's entry; unique. */
  readonly id: string;
  readonly actorId: string;
  readonly reason: string;
  readonly at: Timestamp;
}

export interface ChatSettingsChange extends AdminAct {
  readonly patch: Partial<ChatSettings>;
  /** What counts where nothing was set. */
  readonly defaults: ChatSettings;
}

export interface ChatPermissionChange extends AdminAct {
  readonly userId: string;
  readonly permission: ChatPermission;
}

/** What of a user's record decides what it may do. */
export interface UserAccess {
  readonly role: Role;
  readonly disabled: boolean;
}

/** One change, as it was made. */
export type AuditEntry = AdminAct &
  (
    | { readonly type: 'chat_settings'; readonly old: ChatSettings; readonly new: ChatSettings }
    | {
        readonly type: 'chat_permission';
        readonly userId: string;
        readonly old: ChatPermission;
        readonly new: ChatPermission;
      }
    | {
        readonly type: 'user_access';
        readonly userId: string;
        readonly old: UserAccess;
        readonly new: UserAccess;
        readonly sessionsEnded: boolean;
        readonly passwordChanged: boolean;
      }
    | {
        readonly type: 'message';
        readonly messageId: string;
        readonly conversationId: string;
        readonly senderId: string;
        /** What became of it. Its content is not kept. */
        readonly state: 'recalled' | 'deleted';
      }
  );

/** What managers laid down. Each change and its entry in the audit are stored together or not at all. */
export interface AdminStore {
  /** What was set; nothing of what was not. */
  findChatSettings(tenant: string): Promise<Partial<ChatSettings>>;
  /** Returns all settings as they counted before and count now. */
  changeChatSettings(change: ChatSettingsChange): Promise<{ old: ChatSettings; new: ChatSettings }>;
  /** `full_access` where nothing was set. */
  findChatPermission(tenant: string, userId: string): Promise<ChatPermission>;
  /** Returns what was permitted before. It goes with the user when that is deleted. ENOENT for one who is no user. */
  changeChatPermission(change: ChatPermissionChange): Promise<ChatPermission>;
  /** The newest first; those older than the entry `after`. */
  listAudit(tenant: string, page: Page): Promise<AuditEntry[]>;
}
