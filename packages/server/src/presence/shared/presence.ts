import type { UserStatus } from '../../core/model.ts';
import type { Cancel } from '../../core/ports/timers.ts';
import type { Device } from '../../core/presence-news.ts';
import { SerialTask } from '../../core/serial-task.ts';
import { keyOf, type Presence, type PresenceOptions, type PresentUser, userOf } from '../presence.ts';
import type { Covered, NodeLease } from './node-lease.ts';
import type { EntryChange, UserRegister } from './register.ts';

/** Users of one call of the register. */
const BATCH = 200;

export interface SharedPresenceOptions extends PresenceOptions {
  readonly register: UserRegister;
  readonly lease: NodeLease;
  onError(error: unknown): void;
}

/** A user who is or was at this node. */
interface Local {
  readonly user: PresentUser;
  state: 'here' | 'leaving' | 'gone';
  /** Ends the grace. */
  cancel: Cancel;
  device: Device | undefined;
  /** Whether the register has it from this node, as far as is known. */
  isEntered: boolean;
  /** A call failed that may have been done all the same: what it would have brought is told after the next one. */
  isUncertain: boolean;
}

/**
 * The presence of the users of all nodes. What happens here is entered into the register in its order, many users at once; whoever makes a
 * user's first entry, or takes out the last, tells of it. While the register is lost nothing is told, as nobody knows who is elsewhere.
 */
export class SharedPresence implements Presence, Covered {
  readonly #options: SharedPresenceOptions;
  readonly #users = new Map<string, Local>();
  /** Users whose entry may have to be changed. */
  #changed = new Set<string>();
  readonly #entries: SerialTask;
  #isClosed = false;

  constructor(options: SharedPresenceOptions) {
    this.#options = options;
    this.#entries = new SerialTask({ ...options, run: () => this.#enterChanged() });
    options.lease.cover(this);
  }

  entered(user: PresentUser, device?: Device): void {
    if (this.#isClosed) return;
    const local = this.#localOf(user);
    local.cancel();
    const isBack = local.state === 'leaving';
    Object.assign(local, { state: 'here', device });
    if (isBack) return;
    this.#options.changedHere(user);
    this.#change(user);
  }

  left(user: PresentUser, device?: Device): void {
    const local = this.#users.get(keyOf(user));
    if (this.#isClosed || local?.state !== 'here') return;
    local.state = 'leaving';
    local.cancel = this.#options.timers.after(this.#options.grace, () => {
      Object.assign(local, { state: 'gone', device });
      this.#options.changedHere(user);
      this.#change(user);
    });
  }

  isHere(user: PresentUser): boolean {
    const state = this.#users.get(keyOf(user))?.state;
    return state === 'here' || state === 'leaving';
  }

  async statusOf(users: readonly PresentUser[]): Promise<(UserStatus | 'unknown')[]> {
    const { lease, register, onError } = this.#options;
    const online = new Set<string>();
    try {
      for (let at = 0; at < users.length && lease.isHeld; at += BATCH) {
        const found = await register.onlineUsers(users.slice(at, at + BATCH).map(keyOf));
        for (const key of found) online.add(key);
      }
    } catch (error) {
      onError(error);
      lease.doubt(true);
    }
    return users.map((user) => {
      if (!lease.isHeld) return 'unknown';
      if (online.has(keyOf(user)) || this.isHere(user)) return 'online';
      return lease.isSettled ? 'offline' : 'unknown';
    });
  }

  settled(): Promise<void> {
    return this.#entries.settled();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const local of this.#users.values()) local.cancel();
    await this.#entries.close();
    this.#users.clear();
  }

  async takeUp(lost: 'expired' | 'emptied'): Promise<void> {
    if (lost === 'expired') this.#enterAnew();
    else await this.#enterQuietly();
  }

  resume(): void {
    if (this.#changed.size > 0) this.#entries.ask();
  }

  async sweep(dead: string): Promise<void> {
    const { register } = this.#options;
    let swept = await register.sweepUsers(dead, []);
    while (swept && !this.#isClosed) {
      // So many are told at a time, whatever the dead node had.
      await Promise.all(swept.gone.map((key) => this.#tell(userOf(key), 'offline', undefined)));
      swept = await register.sweepUsers(dead, swept.users);
    }
  }

  /** Whom others have swept and told to be offline is online anew; for the others these are repetitions. */
  #enterAnew(): void {
    for (const [key, local] of this.#users) {
      if (!local.isEntered) continue;
      if (local.state !== 'gone') local.isEntered = false;
      this.#changed.add(key);
    }
  }

  /** Nobody was told that they went, so their coming is no news. */
  async #enterQuietly(): Promise<void> {
    for (const [key, local] of this.#users) {
      local.isUncertain = false;
      if (!local.isEntered && local.state === 'gone') this.#users.delete(key);
    }
    const entered = [...this.#users].flatMap(([key, { isEntered }]) => (isEntered ? [key] : []));
    for (let at = 0; at < entered.length; at += BATCH) {
      await this.#options.register.enterUsers(entered.slice(at, at + BATCH));
    }
  }

  #localOf(user: PresentUser): Local {
    const key = keyOf(user);
    const known = this.#users.get(key);
    if (known) return known;
    const { tenant, userId } = user;
    const local: Local = {
      user: { tenant, userId },
      state: 'gone',
      cancel: () => {},
      device: undefined,
      isEntered: false,
      isUncertain: false,
    };
    this.#users.set(key, local);
    return local;
  }

  #change(user: PresentUser): void {
    this.#changed.add(keyOf(user));
    if (this.#options.lease.isSettled) this.#entries.ask();
  }

  /** Returns where the lease is lost, or others may not be entered yet: `resume` begins it again. */
  async #enterChanged(): Promise<null> {
    while (this.#changed.size > 0 && this.#options.lease.isSettled && !this.#entries.isClosed) {
      const locals = this.#takeChanged();
      const coming = locals.filter(([, local]) => local.state !== 'gone' && !local.isEntered);
      const going = locals.filter(
        ([, local]) => local.state === 'gone' && (local.isEntered || local.isUncertain),
      );
      const { register } = this.#options;
      await this.#apply(coming, true, (users) => register.enterUsers(users));
      await this.#apply(going, false, (users) => register.leaveUsers(users));
      for (const [key, local] of locals) this.#followUp(key, local);
    }
    return null;
  }

  /** Some of those whose entry may have to be changed. */
  #takeChanged(): [string, Local][] {
    const keys = [...this.#changed.values().take(BATCH)];
    for (const key of keys) this.#changed.delete(key);
    return keys.flatMap((key) => {
      const local = this.#users.get(key);
      return local ? [[key, local] as [string, Local]] : [];
    });
  }

  async #apply(
    entries: readonly (readonly [string, Local])[],
    isEntered: boolean,
    call: (users: readonly string[]) => Promise<EntryChange[]>,
  ): Promise<void> {
    if (entries.length === 0) return;
    try {
      const changes = await call(entries.map(([key]) => key));
      for (const [index, [, local]] of entries.entries()) {
        const { isNew, isOnly } = changes[index] as EntryChange;
        const isNews = isOnly && (isNew || local.isUncertain);
        Object.assign(local, { isEntered, isUncertain: false });
        if (isNews) void this.#tell(local.user, isEntered ? 'online' : 'offline', local.device);
      }
    } catch (error) {
      for (const [, local] of entries) local.isUncertain = true;
      this.#options.onError(error);
      this.#options.lease.doubt(true);
    }
  }

  /** What came or went while its entry was made is looked at again. */
  #followUp(key: string, local: Local): void {
    const isWanted = local.state !== 'gone';
    if (local.isUncertain || isWanted !== local.isEntered) this.#changed.add(key);
    else if (!isWanted) this.#users.delete(key);
  }

  async #tell(
    { tenant, userId }: PresentUser,
    status: UserStatus,
    device: Device | undefined,
  ): Promise<void> {
    const at = this.#options.clock.now();
    await this.#options.changed({ tenant, userId, status, at, ...(device ? { device } : {}) });
  }
}
