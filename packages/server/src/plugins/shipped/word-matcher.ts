import { isSpelled, isUnseen } from './characters.ts';
import { Trie } from './trie.ts';

/** A part of a text, in UTF-16 units: from the first to before the second. */
export type Span = readonly [from: number, to: number];

/** A text as it is compared: one entry for each code point that counts. */
interface Folded {
  readonly points: readonly number[];
  /** Where in the text each came from. */
  readonly spans: readonly Span[];
}

/**
 * Finds many words in one pass over a text (Aho and Corasick, 1975), whatever their number. Case and width do not
 * matter, and characters that nobody sees do not hide a word.
 */
export class WordMatcher {
  readonly #trie: Trie;

  constructor(words: Iterable<string>) {
    this.#trie = new Trie([...words].map((word) => Uint32Array.from(fold(word).points)));
  }

  /** Every place where a word is, in order; places that touch or overlap are one. */
  find(text: string): Span[] {
    const { points, spans } = fold(text);
    const found: Span[] = [];
    let node = 0;
    for (const [index, point] of points.entries()) {
      node = this.#trie.step(node, point);
      const length = this.#longestAt(node, points, index);
      if (length === 0) continue;
      push(found, [spans[index - length + 1]?.[0] ?? 0, spans[index]?.[1] ?? 0]);
    }
    return found;
  }

  /** The longest word that ends at this character and stands for itself; 0 for none. */
  #longestAt(node: number, points: readonly number[], index: number): number {
    for (const length of this.#trie.lengthsAt(node)) {
      if (isWhole(points, index - length + 1, index)) return length;
    }
    return 0;
  }
}

function isWhole(points: readonly number[], first: number, last: number): boolean {
  return !isJoined(points[first - 1], points[first]) && !isJoined(points[last], points[last + 1]);
}

function isJoined(left: number | undefined, right: number | undefined): boolean {
  return left !== undefined && right !== undefined && isSpelled(left) && isSpelled(right);
}

/** Compares in compatibility form and lower case, character by character, so that each can be traced back. */
function fold(text: string): Folded {
  const points: number[] = [];
  const spans: Span[] = [];
  let from = 0;
  for (const character of text) {
    const to = from + character.length;
    if (!isUnseen(character)) {
      for (const part of character.normalize('NFKC').toLowerCase()) {
        if (isUnseen(part)) continue;
        points.push(part.codePointAt(0) as number);
        spans.push([from, to]);
      }
    }
    from = to;
  }
  return { points, spans };
}

/** Adds a span that ends no earlier than those before it, joined with what it touches. */
function push(spans: Span[], [from, to]: Span): void {
  let start = from;
  for (let last = spans.at(-1); last && last[1] >= start; last = spans.at(-1)) {
    start = Math.min(start, last[0]);
    spans.pop();
  }
  spans.push([start, to]);
}
