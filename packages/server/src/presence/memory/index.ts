import type { UserStatus } from '../../core/model.ts';
import type { Cancel } from '../../core/ports/timers.ts';
import type { Device } from '../../core/presence-news.ts';
import { keyOf, type Presence, type PresenceOptions, type PresentUser } from '../presence.ts';

/** A user who is here, or is believed to be until the grace is over. */
type State = { readonly name: 'here' } | { readonly name: 'leaving'; readonly cancel: Cancel };

const HERE: State = { name: 'here' };

/** The presence of the users of one process, which is the only node. */
export class MemoryPresence implements Presence {
  readonly #options: PresenceOptions;
  readonly #states = new Map<string, State>();
  #isClosed = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  entered(user: PresentUser, device?: Device): void {
    if (this.#isClosed) return;
    const key = keyOf(user);
    const state = this.#states.get(key);
    if (state?.name === 'leaving') state.cancel();
    this.#states.set(key, HERE);
    if (!state) this.#tell(user, 'online', device);
  }

  left(user: PresentUser, device?: Device): void {
    const key = keyOf(user);
    if (this.#isClosed || this.#states.get(key)?.name !== 'here') return;
    const cancel = this.#options.timers.after(this.#options.grace, () => {
      this.#states.delete(key);
      this.#tell(user, 'offline', device);
    });
    this.#states.set(key, { name: 'leaving', cancel });
  }

  isHere(user: PresentUser): boolean {
    return this.#states.has(keyOf(user));
  }

  async statusOf(users: readonly PresentUser[]): Promise<UserStatus[]> {
    return users.map((user) => (this.isHere(user) ? 'online' : 'offline'));
  }

  async settled(): Promise<void> {}

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const state of this.#states.values()) if (state.name === 'leaving') state.cancel();
    this.#states.clear();
  }

  #tell({ tenant, userId }: PresentUser, status: UserStatus, device: Device | undefined): void {
    const { clock, changed, changedHere } = this.#options;
    const at = clock.now();
    changedHere({ tenant, userId });
    void changed({ tenant, userId, status, at, ...(device ? { device } : {}) });
  }
}
