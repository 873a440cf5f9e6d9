import type { Person } from '../../core/model.ts';
import { renderMember } from './render.ts';

const INITIAL_BYTES = 1024;
/** Fewer blank bytes than this are not worth a clearing up. */
const TOLERATED_BLANKS = 65_536;

const SPACE = 0x20;

interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Everybody in a room as a JSON array that is always ready: each who comes into a room of thousands gets all of it. Members
 * are encoded once, when they come, each after a comma; one who leaves is overwritten by spaces, which JSON passes over.
 */
export class MemberList {
  #bytes = Buffer.alloc(INITIAL_BYTES);
  #length = 0;
  #blanks = 0;
  readonly #spans = new Map<string, Span>();

  constructor(people: Iterable<Person>) {
    for (const person of people) this.add(person);
  }

  get size(): number {
    return this.#spans.size;
  }

  /** Adds a member at the end; one who is there already stays where it is. */
  add(person: Person): void {
    if (this.#spans.has(person.id)) return;
    const text = Buffer.from(`,${JSON.stringify(renderMember(person))}`);
    this.#makeRoom(text.length);
    text.copy(this.#bytes, this.#length);
    this.#spans.set(person.id, { from: this.#length, to: this.#length + text.length });
    this.#length += text.length;
  }

  remove({ id }: Pick<Person, 'id'>): void {
    const span = this.#spans.get(id);
    if (!span) return;
    this.#spans.delete(id);
    this.#bytes.fill(SPACE, span.from, span.to);
    this.#blanks += span.to - span.from;
    if (this.#blanks > TOLERATED_BLANKS && this.#blanks > this.#length / 2) this.#clearUp();
  }

  /** The list as it is now, in a buffer of its own. */
  encode(): Buffer {
    const list = Buffer.allocUnsafe(this.#length + 2);
    list[0] = 0x5b; // [
    this.#bytes.copy(list, 1, 0, this.#length);
    list[list.length - 1] = 0x5d; // ]
    this.#blankFirstComma(list);
    return list;
  }

  #blankFirstComma(list: Buffer): void {
    let first = 1;
    while (list[first] === SPACE) first++;
    if (first < list.length - 1) list[first] = SPACE;
  }

  #makeRoom(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#length + bytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  /** Moves what is left together, in its order. */
  #clearUp(): void {
    let length = 0;
    for (const [id, { from, to }] of this.#spans) {
      this.#bytes.copy(this.#bytes, length, from, to);
      this.#spans.set(id, { from: length, to: length + to - from });
      length += to - from;
    }
    this.#length = length;
    this.#blanks = 0;
  }
}
