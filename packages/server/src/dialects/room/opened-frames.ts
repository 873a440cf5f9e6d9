/** Remembered of all keys together: some tens of megabytes. */
const MAX_FRAMES = 524_288;

/**
 * Which frames each key has opened, so that none is taken twice, on whichever connection it comes. Where they become too many,
 * those of the keys that were not used for longest are forgotten.
 */
export class OpenedFrames {
  readonly #maxFrames: number;
  readonly #byKey = new Map<string, Set<number>>();
  #count = 0;

  constructor(maxFrames = MAX_FRAMES) {
    this.#maxFrames = maxFrames;
  }

  /**
   * Remembers a frame.
   *
   * @param mark tells it from the others of its key
   * @returns `full` where there is no place left for those of this key, which are forgotten then
   */
  add(key: string, mark: number): 'new' | 'known' | 'full' {
    const marks = this.#byKey.get(key) ?? new Set();
    if (marks.has(mark)) return 'known';
    marks.add(mark);
    this.#count++;
    // A Map keeps the order of insertion: what was used last is last.
    this.#byKey.delete(key);
    this.#byKey.set(key, marks);
    return this.#makePlace(key) ? 'new' : 'full';
  }

  /** Returns whether the frames of this key could stay. */
  #makePlace(key: string): boolean {
    for (const [oldest, { size }] of this.#byKey) {
      if (this.#count <= this.#maxFrames) break;
      this.#byKey.delete(oldest);
      this.#count -= size;
    }
    return this.#byKey.has(key);
  }
}
