import type { Covered, NodeLease } from './node-lease.ts';
import type { HeldPlace, PlaceRegister, TakenPlace } from './register.ts';

/** Places of one call of the register. */
const BATCH = 200;

export interface SharedPlacesOptions {
  readonly register: PlaceRegister;
  readonly lease: NodeLease;
  /** A node that died had the place, and nobody has it any more. Comes again where this rejects. */
  freed(place: TakenPlace): Promise<void>;
  onError(error: unknown): void;
}

/**
 * Places that the sessions of all nodes share, such as those in a room. While the register is lost the places of this node alone count; once it is
 * back they are taken again, whatever the bound, where nobody else took them.
 */
export class SharedPlaces implements Covered {
  readonly #options: SharedPlacesOptions;
  /** The places of this node: who holds them, by member and set. */
  readonly #own = new Map<string, Map<string, string>>();
  /** Resolves once what left a set is out of it. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Places of which the register may not know whether this node has them; by set and member. */
  readonly #doubtful = new Map<string, HeldPlace>();
  #isSettling = false;

  constructor(options: SharedPlacesOptions) {
    this.#options = options;
    options.lease.cover(this);
  }

  /** Takes a place; `taken` where the member has one through another holder, `full` where the set has `max` members. */
  async take(place: HeldPlace, max: number): Promise<'entered' | 'taken' | 'full'> {
    const own = this.#own.get(place.set) ?? new Map<string, string>();
    if (own.has(place.member)) return 'taken';
    if (own.size >= max) return 'full';
    this.#own.set(place.set, own.set(place.member, place.holder));
    const outcome = await this.#takeEverywhere(place, max);
    if (outcome !== 'entered') this.#forget(place);
    return outcome;
  }

  /** Frees a place, also for a `take` that is issued right after it. Does nothing where this holder does not have it. */
  async leave(place: HeldPlace): Promise<void> {
    if (this.#own.get(place.set)?.get(place.member) !== place.holder) return;
    this.#forget(place);
    const before = this.#leaving.get(place.set);
    const left = this.#ask(place, () => this.#options.register.leavePlace(place));
    const leaving = Promise.all([before, left]).then(() => {
      if (this.#leaving.get(place.set) === leaving) this.#leaving.delete(place.set);
    });
    this.#leaving.set(place.set, leaving);
    await leaving;
  }

  /** How many members a set has; of this node alone where nobody can tell. */
  async count(set: string): Promise<number> {
    const found = await this.#ask(undefined, () => this.#options.register.countPlaces(set));
    return found ?? this.#own.get(set)?.size ?? 0;
  }

  async takeUp(): Promise<void> {
    const all = [...this.#own].flatMap(([set, own]) =>
      [...own].map(([member, holder]): HeldPlace => ({ set, member, holder })),
    );
    for (let at = 0; at < all.length; at += BATCH) {
      await this.#options.register.retakePlaces(all.slice(at, at + BATCH));
    }
  }

  resume(): void {
    if (this.#doubtful.size > 0 && !this.#isSettling) void this.#settle();
  }

  async sweep(dead: string): Promise<void> {
    const { register, freed } = this.#options;
    let swept = await register.sweepPlaces(dead, []);
    while (swept) {
      await Promise.all(swept.freed.map((place) => freed(place)));
      swept = await register.sweepPlaces(dead, swept.places);
    }
  }

  async #takeEverywhere(place: HeldPlace, max: number): Promise<'entered' | 'taken' | 'full'> {
    await this.#leaving.get(place.set);
    const found = await this.#ask(place, () => this.#options.register.takePlace(place, max));
    return found ?? 'entered';
  }

  /** Tells the register what it could not be told, as it is now. */
  async #settle(): Promise<void> {
    this.#isSettling = true;
    for (const [key, place] of this.#doubtful) {
      if (!this.#options.lease.isHeld) break;
      this.#doubtful.delete(key);
      const holder = this.#own.get(place.set)?.get(place.member);
      const { register } = this.#options;
      if (holder === undefined) await this.#ask(place, () => register.leavePlace(place));
      else await this.#ask(place, () => register.retakePlaces([{ ...place, holder }]));
    }
    this.#isSettling = false;
  }

  #forget({ set, member }: TakenPlace): void {
    const own = this.#own.get(set);
    own?.delete(member);
    if (own?.size === 0) this.#own.delete(set);
  }

  /** Undefined where the register can't say; then it is told of the place, if any, later. */
  async #ask<Answer>(
    place: HeldPlace | undefined,
    question: () => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const { lease, onError } = this.#options;
    try {
      if (lease.isHeld) return await question();
    } catch (error) {
      onError(error);
      lease.doubt(true);
    }
    if (place) this.#doubtful.set(`${place.set}\n${place.member}`, place);
    return undefined;
  }
}
