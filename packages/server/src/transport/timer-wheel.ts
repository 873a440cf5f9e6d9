/** A moment that a `TimerWheel` waits for. Its owner keeps and reuses it. */
export class WheelTimer {
  readonly fire: () => void;
  /** Where the wheel keeps it. Only the wheel touches these two. */
  slot: Set<WheelTimer> | undefined;
  rounds = 0;

  constructor(fire: () => void) {
    this.fire = fire;
  }
}

const SLOTS = 256;

/**
 * Coarse timers for many connections on one system timer: starting, moving and cancelling one are constant-time, and
 * one that is never due costs nothing. A timer fires at its delay at the earliest, two ticks later at the latest.
 */
export class TimerWheel {
  readonly #tick: number;
  readonly #slots: readonly Set<WheelTimer>[] = Array.from({ length: SLOTS }, () => new Set<WheelTimer>());
  #position = 0;
  #waiting = 0;
  #now = 0;
  #clock: NodeJS.Timeout | undefined;

  /** @param tick resolution in milliseconds */
  constructor(tick: number) {
    this.#tick = tick;
  }

  /** Milliseconds that the wheel has turned, as coarse as its tick: a clock that costs nothing to read. */
  get now(): number {
    return this.#now;
  }

  /** Starts, or restarts, a timer. */
  start(timer: WheelTimer, delay: number): void {
    this.cancel(timer);
    // One tick more, since a part of the current tick has passed.
    const ticks = Math.ceil(delay / this.#tick) + 1;
    timer.rounds = Math.floor((ticks - 1) / SLOTS);
    timer.slot = this.#slots[(this.#position + ticks) % SLOTS] as Set<WheelTimer>;
    timer.slot.add(timer);
    this.#waiting++;
    this.#clock ??= setInterval(() => this.#turn(), this.#tick).unref();
  }

  cancel(timer: WheelTimer): void {
    if (timer.slot === undefined) return;
    timer.slot.delete(timer);
    timer.slot = undefined;
    this.#waiting--;
  }

  #turn(): void {
    this.#now += this.#tick;
    this.#position = (this.#position + 1) % SLOTS;
    // A timer started by another's `fire` may land in this very slot, a whole round ahead: take what is due first.
    const due: WheelTimer[] = [];
    for (const timer of this.#slots[this.#position] as Set<WheelTimer>) {
      if (timer.rounds > 0) timer.rounds--;
      else due.push(timer);
    }
    for (const timer of due) {
      if (timer.slot === undefined) continue; // cancelled by one before it
      this.cancel(timer);
      timer.fire();
    }
    if (this.#waiting === 0) this.#stop();
  }

  #stop(): void {
    clearInterval(this.#clock);
    this.#clock = undefined;
  }
}
