import { randomUUID } from 'node:crypto';

/** This node among those that work on the same database, as its lanes see it. */
export class Membership {
  /** Another one at each start, and each time that the node had lost its place. */
  #id = randomUUID();
  readonly name: string;
  /** Whether there are others who read what this node does. What it does not know of yet, the database does (`require_alone`). */
  hasOthers = false;
  /** The writers of this node's own connections, which tell by themselves what they commit. */
  readonly writers = new Set<string>();

  constructor(name: string) {
    this.name = name;
  }

  get id(): string {
    return this.#id;
  }

  /** Becomes somebody new, who has no place yet. */
  renew(): void {
    this.#id = randomUUID();
  }
}
