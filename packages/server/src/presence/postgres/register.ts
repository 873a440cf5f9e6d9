import { randomUUID } from 'node:crypto';
import {
  type EntryChange,
  type HeldPlace,
  LEASE_TIMES,
  type LeaseTimes,
  ownNameOf,
  type Register,
  RegisterUnavailable,
  type Renewal,
  SWEEP_CLAIM,
  SWEPT_AT_ONCE,
  type SweptPlaces,
  type SweptUsers,
  type TakenPlace,
} from '../shared/register.ts';
import type { Beginning, PostgresLink, Query } from './link.ts';
import * as sql from './tables.ts';

export interface PostgresRegisterOptions {
  readonly link: Pick<PostgresLink, 'step'>;
  readonly incarnation: string;
  readonly times?: LeaseTimes;
}

/** What the nodes share, in tables of the PostgreSQL that they share anyway. */
export class PostgresRegister implements Register {
  readonly #options: PostgresRegisterOptions;
  readonly #times: LeaseTimes;
  /** Of the contents that this node knows; empty before the first renewal. */
  #epoch = '';

  constructor(options: PostgresRegisterOptions) {
    this.#options = options;
    this.#times = options.times ?? LEASE_TIMES;
  }

  async renew(): Promise<Renewal> {
    const { incarnation, link } = this.#options;
    const { renewal, epoch } = await link.step(async (query, beginning) => {
      const { now } = beginning;
      const { epoch, settled } = await this.#settle(query, beginning);
      const [lease] = await query(sql.LEASE_END, incarnation);
      await query(sql.TAKE_LEASE, incarnation, now + this.#times.lasts);
      const lives = Number(lease?.ends_at ?? 0) > now;
      const status: Renewal['status'] = epoch !== this.#epoch ? 'emptied' : lives ? 'kept' : 'expired';
      const others = await this.#others(query, now);
      return { renewal: { status, settlesIn: Math.max(0, settled - now), ...others }, epoch };
    }, true);
    this.#epoch = epoch;
    return renewal;
  }

  async resign(after: number): Promise<void> {
    await this.#do((query) => query(sql.RESIGN, this.#options.incarnation, after));
  }

  async forget(dead: string): Promise<void> {
    await this.#do((query) => query(sql.FORGET, dead));
  }

  enterUsers(users: readonly string[]): Promise<EntryChange[]> {
    return this.#change(sql.ENTER_USERS, users, 1);
  }

  leaveUsers(users: readonly string[]): Promise<EntryChange[]> {
    return this.#change(sql.LEAVE_USERS, users, 0);
  }

  async onlineUsers(users: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.#do((query) => query(sql.ONLINE_USERS, users));
    return new Set(rows.map(({ name }) => String(name)));
  }

  sweepUsers(dead: string, done: readonly string[]): Promise<SweptUsers | undefined> {
    return this.#sweep(dead, 'users', async (query) => {
      if (done.length > 0) await query(sql.LEAVE_USERS, done, dead);
      const users = (await query(sql.SWEEP_USERS, dead, SWEPT_AT_ONCE)).map(({ name }) => String(name));
      if (users.length === 0) return undefined;
      const kept = await nodesOf(query, users);
      return { users, gone: users.filter((user) => !kept.has(user)) };
    });
  }

  takePlace({ set, member, holder }: HeldPlace, max: number): Promise<'entered' | 'taken' | 'full'> {
    const { incarnation } = this.#options;
    return this.#do(async (query) => {
      const [found] = await query(sql.TAKE_PLACE, set, member, holder, incarnation, max);
      if (Number(found?.taken) > 0) return 'entered';
      return found?.held == null ? 'full' : 'taken';
    });
  }

  async leavePlace({ set, member, holder }: HeldPlace): Promise<void> {
    await this.#do((query) => query(sql.LEAVE_PLACE, set, member, this.#options.incarnation, holder));
  }

  async countPlaces(set: string): Promise<number> {
    const [found] = await this.#do((query) => query(sql.COUNT_PLACES, set));
    return Number(found?.members ?? 0);
  }

  async retakePlaces(places: readonly HeldPlace[]): Promise<void> {
    const [sets, members, holders] = [
      places.map(({ set }) => set),
      places.map(({ member }) => member),
      places.map(({ holder }) => holder),
    ];
    await this.#do((query) => query(sql.TAKE_PLACES, sets, members, holders, this.#options.incarnation));
  }

  sweepPlaces(dead: string, done: readonly TakenPlace[]): Promise<SweptPlaces | undefined> {
    return this.#sweep(dead, 'places', async (query) => {
      const [sets, members] = [done.map(({ set }) => set), done.map(({ member }) => member)];
      if (done.length > 0) await query(sql.PLACES_DONE, sets, members, dead);
      const rows = await query(sql.SWEEP_PLACES, dead, SWEPT_AT_ONCE);
      const places = rows.map(({ in_set, member }) => ({ set: String(in_set), member: String(member) }));
      return places.length === 0 ? undefined : { places, freed: places };
    });
  }

  /** Makes the contents anew where they are gone. */
  async #settle(query: Query, { now, ...found }: Beginning): Promise<{ epoch: string; settled: number }> {
    const epoch = found.epoch ?? randomUUID();
    if (found.epoch === undefined) await query(sql.MAKE_EPOCH, epoch);
    // A node that knew other contents has to enter again what it had, and so do the others.
    if (this.#epoch === '' || epoch === this.#epoch) return { epoch, settled: found.settled };
    const settled = now + this.#times.settling;
    await query(sql.SETTLE, settled);
    return { epoch, settled: Math.max(found.settled, settled) };
  }

  async #others(query: Query, now: number): Promise<Pick<Renewal, 'dead' | 'isAlone'>> {
    const { incarnation } = this.#options;
    const nodes = await query(sql.NODES);
    const isOwn = (name: string) => name.startsWith(ownNameOf(incarnation));
    const dead = nodes.filter(({ incarnation: name, ends_at }) => {
      const isEarlier = this.#epoch === '' && isOwn(String(name)) && name !== incarnation;
      return isEarlier || Number(ends_at) <= now;
    });
    const isAlone = !nodes.some(
      ({ incarnation: name, ends_at }) => Number(ends_at) > now && !isOwn(String(name)),
    );
    return { dead: dead.map(({ incarnation: name }) => String(name)), isAlone };
  }

  /** @param only how many nodes have the user where this one is the only one, or was the last */
  #change(statement: string, users: readonly string[], only: number): Promise<EntryChange[]> {
    return this.#do(async (query) => {
      const changed = new Set(
        (await query(statement, users, this.#options.incarnation)).map(({ name }) => name),
      );
      const nodes = await nodesOf(query, users);
      return users.map((user) => ({ isNew: changed.has(user), isOnly: (nodes.get(user) ?? 0) === only }));
    });
  }

  #sweep<Swept>(
    dead: string,
    what: 'users' | 'places',
    step: (query: Query) => Promise<Swept | undefined>,
  ): Promise<Swept | undefined> {
    const { incarnation } = this.#options;
    return this.#do(async (query, now) => {
      const [lease] = await query(sql.LEASE_END, dead);
      const isEarlier = what === 'places' && dead.startsWith(ownNameOf(incarnation));
      if (lease && Number(lease.ends_at) > now && !isEarlier) return undefined;
      const [claimed] = await query(sql.SWEEPER, dead, what);
      if (claimed && claimed.sweeper !== incarnation) return undefined;
      const swept = await step(query);
      if (swept === undefined) await query(sql.END_SWEEP, dead, what);
      else await query(sql.CLAIM_SWEEP, dead, what, incarnation, SWEEP_CLAIM);
      return swept;
    });
  }

  /** One step, refused where the contents are not those that this node knows. */
  #do<Result>(step: (query: Query, now: number) => Promise<Result>): Promise<Result> {
    return this.#options.link.step(async (query, { now, epoch }) => {
      if (epoch !== this.#epoch) throw new RegisterUnavailable('the register lost its contents');
      return step(query, now);
    });
  }
}

/** At how many nodes each of the users is that is at any. */
async function nodesOf(query: Query, users: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await query(sql.COUNT_NODES, users);
  return new Map(rows.map(({ name, nodes }) => [String(name), Number(nodes)]));
}
