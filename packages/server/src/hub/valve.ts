import type { Subscriber } from './hub.ts';

/** A subscriber that gets nothing before it is opened, nor after it is shut: in between it may be taken in and out bit by bit. */
export class Valve implements Subscriber {
  readonly id: string;
  readonly userId: string | undefined;
  readonly #subscriber: Subscriber;
  #isOpen = false;

  constructor(subscriber: Subscriber) {
    this.id = subscriber.id;
    this.userId = subscriber.userId;
    this.#subscriber = subscriber;
  }

  receive(...news: Parameters<Subscriber['receive']>): void {
    if (this.#isOpen) this.#subscriber.receive(...news);
  }

  open(): void {
    this.#isOpen = true;
  }

  shut(): void {
    this.#isOpen = false;
  }
}
