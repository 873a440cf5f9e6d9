import { randomUUID } from 'node:crypto';
import { type RedisLink, RedisUnavailable } from '../../redis/link.ts';
import type { Script } from '../../redis/session.ts';
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
import {
  COUNT_PLACES,
  ENTER_USERS,
  FORGET,
  LEAVE_PLACE,
  LEAVE_USERS,
  ONLINE_USERS,
  RENEW,
  RESIGN,
  RETAKE_PLACES,
  SWEEP_PLACES,
  SWEEP_USERS,
  TAKE_PLACE,
} from './scripts.ts';

/** Keys of a former epoch that are looked for, and removed, at once. */
const REMOVED_AT_ONCE = 500;

export interface RedisRegisterOptions {
  readonly link: Pick<RedisLink, 'run' | 'command' | 'runId'>;
  /** Of all keys of the cluster; ends with a colon. */
  readonly prefix: string;
  readonly incarnation: string;
  readonly times?: LeaseTimes;
}

/** What the nodes share, in Redis. */
export class RedisRegister implements Register {
  readonly #options: RedisRegisterOptions;
  readonly #times: LeaseTimes;
  /** Of the contents that this node knows; empty before the first renewal. */
  #epoch = '';

  constructor(options: RedisRegisterOptions) {
    this.#options = options;
    this.#times = options.times ?? LEASE_TIMES;
  }

  async renew(): Promise<Renewal> {
    const { link, prefix, incarnation } = this.#options;
    const { lasts, settling } = this.#times;
    const args = [prefix, incarnation, lasts, this.#epoch, link.runId, randomUUID(), settling, this.#ownName];
    const found = await link.run(RENEW, [`${prefix}epoch`], args).catch(refuse);
    const [status, epoch, settlesIn, isMade, dead, others] = found as [
      Renewal['status'],
      string,
      number,
      number,
      string[],
      number,
    ];
    this.#epoch = epoch;
    if (isMade) void this.#removeFormer().catch(() => {});
    return { status, settlesIn, dead, isAlone: others === 0 };
  }

  async resign(after: number): Promise<void> {
    await this.#run(RESIGN, [this.#nodes], [this.#options.incarnation, after]);
  }

  async forget(dead: string): Promise<void> {
    await this.#run(FORGET, [this.#nodes, this.#usersOf(dead), this.#placesOf(dead)], [dead]);
  }

  enterUsers(users: readonly string[]): Promise<EntryChange[]> {
    return this.#change(ENTER_USERS, users, 1);
  }

  leaveUsers(users: readonly string[]): Promise<EntryChange[]> {
    return this.#change(LEAVE_USERS, users, 0);
  }

  async onlineUsers(users: readonly string[]): Promise<ReadonlySet<string>> {
    const keys = users.map((user) => this.#nodesOf(user));
    const found = (await this.#run(ONLINE_USERS, [this.#nodes, ...keys], [])) as number[];
    return new Set(users.filter((_, index) => found[index] === 1));
  }

  async sweepUsers(dead: string, done: readonly string[]): Promise<SweptUsers | undefined> {
    const keys = [this.#nodes, this.#usersOf(dead), this.#key('sweeper', dead)];
    const args = [this.#key('at', ''), dead, this.#options.incarnation, SWEEP_CLAIM, SWEPT_AT_ONCE, ...done];
    const [users, gone] = (await this.#run(SWEEP_USERS, keys, args)) as [string[]?, string[]?];
    return users && { users, gone: gone ?? [] };
  }

  async takePlace(place: HeldPlace, max: number): Promise<'entered' | 'taken' | 'full'> {
    const { member, holder } = place;
    const args = [this.#options.incarnation, member, holder, max, lineOf(place)];
    return (await this.#run(TAKE_PLACE, this.#keysOf(place), args)) as 'entered' | 'taken' | 'full';
  }

  async leavePlace(place: HeldPlace): Promise<void> {
    const { member, holder } = place;
    await this.#run(LEAVE_PLACE, this.#keysOf(place), [
      this.#options.incarnation,
      member,
      holder,
      lineOf(place),
    ]);
  }

  async countPlaces(set: string): Promise<number> {
    return (await this.#run(COUNT_PLACES, [this.#key('in', set)], [])) as number;
  }

  async retakePlaces(places: readonly HeldPlace[]): Promise<void> {
    const { incarnation } = this.#options;
    const keys = [this.#placesOf(incarnation), ...places.map(({ set }) => this.#key('in', set))];
    const args = places.flatMap((place) => [place.member, place.holder, lineOf(place)]);
    await this.#run(RETAKE_PLACES, keys, [incarnation, ...args]);
  }

  async sweepPlaces(dead: string, done: readonly TakenPlace[]): Promise<SweptPlaces | undefined> {
    const keys = [this.#nodes, this.#placesOf(dead), this.#key('place-sweeper', dead)];
    const { incarnation } = this.#options;
    const args = [
      this.#key('in', ''),
      dead,
      incarnation,
      SWEEP_CLAIM,
      SWEPT_AT_ONCE,
      this.#ownName,
      ...done.map(lineOf),
    ];
    const [places, freed = []] = (await this.#run(SWEEP_PLACES, keys, args)) as [string[]?, string[]?];
    return places && { places: places.map(placeOf), freed: freed.map(placeOf) };
  }

  /** @param only how many nodes have the user where this one is the only one, or was the last */
  async #change(script: Script, users: readonly string[], only: number): Promise<EntryChange[]> {
    const { incarnation } = this.#options;
    const keys = [this.#usersOf(incarnation), ...users.map((user) => this.#nodesOf(user))];
    const changes = (await this.#run(script, keys, [incarnation, ...users])) as [number, number][];
    return changes.map(([isNew, count]) => ({ isNew: isNew === 1, isOnly: count === only }));
  }

  #run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const { link, prefix } = this.#options;
    return link.run(script, [`${prefix}epoch`, ...keys], [this.#epoch, ...args]).catch(refuse);
  }

  get #nodes(): string {
    return this.#key('nodes');
  }

  /** Which nodes a user is at. */
  #nodesOf(user: string): string {
    return this.#key('at', user);
  }

  /** Which users are at a node. */
  #usersOf(incarnation: string): string {
    return this.#key('users', incarnation);
  }

  /** Which places a node's sessions have. */
  #placesOf(incarnation: string): string {
    return this.#key('places', incarnation);
  }

  #keysOf({ set }: HeldPlace): string[] {
    return [this.#key('in', set), this.#placesOf(this.#options.incarnation)];
  }

  /** What the incarnations of this node begin with, whenever it started. */
  get #ownName(): string {
    return ownNameOf(this.#options.incarnation);
  }

  #key(...parts: readonly string[]): string {
    return [`${this.#options.prefix}${this.#epoch}`, ...parts].join(':');
  }

  /** What Redis had kept on disk of a time that is over. */
  async #removeFormer(): Promise<void> {
    const { link, prefix } = this.#options;
    const current = [`${prefix}epoch`, `${prefix}${this.#epoch}:`];
    // Characters that mean something in a pattern can't be in the name of a cluster.
    for (let cursor = '0', isFirst = true; isFirst || cursor !== '0'; isFirst = false) {
      const found = await link.command(
        'SCAN',
        cursor,
        'MATCH',
        `${prefix}*`,
        'COUNT',
        String(REMOVED_AT_ONCE),
      );
      const [next, keys] = found as [string, string[]];
      const former = keys.filter((key) => !current.some((kept) => key.startsWith(kept)));
      if (former.length > 0) await link.command('UNLINK', ...former);
      cursor = next;
    }
  }
}

/** A place in one line. */
function lineOf({ set, member }: TakenPlace): string {
  return `${set}\n${member}`;
}

function placeOf(line: string): TakenPlace {
  const at = line.indexOf('\n');
  return { set: line.slice(0, at), member: line.slice(at + 1) };
}

/** Says in the port's words what Redis said. */
function refuse(cause: Error): never {
  const isLost = cause instanceof RedisUnavailable || cause.message.startsWith('EMPTIED');
  throw isLost ? new RegisterUnavailable(cause.message, { cause }) : cause;
}
