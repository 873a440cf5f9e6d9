import { setTimeout } from 'node:timers/promises';
import { DIALECTS, type Dialect } from '../matrix/clients.ts';
import { type Addressees, VOICES, type Voice } from './voices.ts';

/** Sends that a person has unanswered at a time. */
const WINDOW = 4;
/** How long a client waits before it tries again what failed, in ms. */
const PAUSE = 20;
const PEOPLE_PER_DIALECT = 2;

/** Somebody who writes, whatever becomes of the server, and sends again what was not confirmed. */
class Speaker {
  readonly dialect: Dialect;
  readonly user: string;
  /** In the order in which they were confirmed. */
  readonly confirmed: string[] = [];
  /** What was sent more than once: its place is not known beforehand. */
  readonly repeated = new Set<string>();
  #pending = new Set<string>();
  #again: string[] = [];
  #sent = 0;

  constructor(dialect: Dialect, user: string) {
    this.dialect = dialect;
    this.user = user;
  }

  /** @param told of each confirmation */
  async speak(wsUrl: () => string, to: Addressees, isOver: () => boolean, told: () => void): Promise<void> {
    while (!isOver() || this.#pending.size > 0 || this.#again.length > 0) {
      const voice = await VOICES[this.dialect](wsUrl(), this.user, to).catch(() => undefined);
      if (!voice) await setTimeout(PAUSE);
      else await this.#useUp(voice, isOver, told).catch(() => {});
      voice?.close();
      // Nobody knows what became of these.
      this.#again = [...this.#pending, ...this.#again];
      this.#pending = new Set();
    }
  }

  async #useUp(voice: Voice, isOver: () => boolean, told: () => void): Promise<void> {
    for (;;) {
      while (this.#pending.size < WINDOW && (this.#again.length > 0 || !isOver())) this.#sayNext(voice);
      if (this.#pending.size === 0) return;
      const { id, isConfirmed } = await voice.next();
      this.#pending.delete(id);
      if (isConfirmed) {
        this.confirmed.push(id);
        told();
      } else {
        this.#again.push(id);
        await setTimeout(PAUSE);
      }
    }
  }

  #sayNext(voice: Voice): void {
    const repeated = this.#again.shift();
    if (repeated !== undefined) this.repeated.add(repeated);
    const id = repeated ?? `${this.user}-${this.#sent++}`;
    this.#pending.add(id);
    voice.say(id);
  }
}

/** People of all dialects who write at once. */
export class Crowd {
  readonly speakers: readonly Speaker[];
  #count = 0;
  #isOver = false;
  #wake = (): void => {};
  #speaking: Promise<unknown> = Promise.resolve();

  /** @param name of ASCII letters, which tells the people of several crowds apart */
  constructor(name = '') {
    this.speakers = DIALECTS.flatMap((dialect) =>
      Array.from(
        { length: PEOPLE_PER_DIALECT },
        (_, index) => new Speaker(dialect, `chaos-${name}${dialect}-${index}`),
      ),
    );
  }

  /** How many confirmations there were. */
  get count(): number {
    return this.#count;
  }

  /** @param wsUrl of the server as it is now */
  start(wsUrl: () => string, to: Addressees): void {
    const told = (): void => {
      this.#count += 1;
      this.#wake();
    };
    const isOver = (): boolean => this.#isOver;
    this.#speaking = Promise.all(this.speakers.map((speaker) => speaker.speak(wsUrl, to, isOver, told)));
  }

  /** Resolves once so many more are confirmed. */
  async reach(more: number): Promise<void> {
    const target = this.#count + more;
    while (this.#count < target) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves once everything that was sent is confirmed. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#speaking;
  }
}
