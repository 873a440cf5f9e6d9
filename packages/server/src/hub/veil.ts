import type { CoreEvent } from '../core/events.ts';
import { type FanOut, type FanOutItem, unseenBy } from './fan-out.ts';

/** Leaves out of a fan-out what a user may not see. Those who get the same share one part. */
export class Veil {
  /** The users who may not see an event, of each that not all may see. */
  readonly #unseen: readonly (readonly [CoreEvent, ReadonlySet<string>])[];
  readonly #parts = new Map<FanOut, Map<string, FanOut | undefined>>();

  private constructor(unseen: readonly (readonly [CoreEvent, ReadonlySet<string>])[]) {
    this.#unseen = unseen;
  }

  /** Undefined where all may see everything, as it mostly is. */
  static over(items: readonly FanOutItem[]): Veil | undefined {
    const unseen = items.flatMap(({ event }) => {
      const users = unseenBy(event);
      return users ? [[event, new Set(users)] as const] : [];
    });
    return unseen.length === 0 ? undefined : new Veil(unseen);
  }

  /** The part that the user may see; undefined where nothing is left. */
  partFor(userId: string, fanOut: FanOut): FanOut | undefined {
    const kept = this.#unseen.map(([, users]) => !users.has(userId));
    if (!kept.includes(false)) return fanOut;
    const parts = this.#parts.get(fanOut) ?? new Map<string, FanOut | undefined>();
    this.#parts.set(fanOut, parts);
    const key = kept.map(Number).join('');
    if (!parts.has(key)) {
      const left = new Set(this.#unseen.filter((_, index) => !kept[index]).map(([event]) => event));
      parts.set(
        key,
        fanOut.only((event) => !left.has(event)),
      );
    }
    return parts.get(key);
  }
}
