import type { BusMember } from '../bus.ts';

/** How channels are called at NATS. */
export class Subjects {
  readonly node: string;
  readonly #prefix: string;

  constructor({ cluster, node }: BusMember) {
    this.#prefix = `${cluster}.bus.`;
    this.node = node;
  }

  get all(): string {
    return `${this.#prefix}>`;
  }

  /** Where this node publishes. */
  to(channel: string): string {
    return `${this.#prefix}${channel}.${this.node}`;
  }

  /** What all nodes publish. */
  of(channel: string): string {
    return `${this.#prefix}${channel}.*`;
  }

  parse(subject: string): readonly [channel: string, from: string] {
    const dot = subject.indexOf('.', this.#prefix.length);
    return [subject.slice(this.#prefix.length, dot), subject.slice(dot + 1)];
  }
}
