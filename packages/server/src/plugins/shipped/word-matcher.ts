/** A part of a text, in UTF-16 units: from the first to before the second. */
export type Span = readonly [from: number, to: number];

interface Node {
  readonly next: Map<string, Node>;
  /** Where the search goes on when no next character fits: the longest suffix that also begins a word. */
  fallback: Node | undefined;
  /** The longest shorter word that ends here as well. */
  shorter: Node | undefined;
  /** Characters of the word that ends here; 0 for none. */
  length: number;
}

/** A text as it is compared: one entry for each character that counts. */
interface Folded {
  readonly characters: readonly string[];
  /** Where in the text each came from. */
  readonly spans: readonly Span[];
}

/** Characters that are not seen, and would only keep a word from being found. */
const INVISIBLE = /^\p{Cf}$/u;
/** Scripts that separate words: `ass` is no part of `class`. Chinese does not, and matches anywhere. */
const SPELLED = /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}]$/u;

/**
 * Finds many words in one pass over a text (Aho and Corasick, 1975), whatever their number. Case and width do not
 * matter, and invisible characters inside a word do not hide it.
 */
export class WordMatcher {
  readonly #root: Node = newNode();

  constructor(words: Iterable<string>) {
    for (const word of words) this.#add(fold(word).characters);
    this.#link();
  }

  /** Every place where a word is, in order; places that touch or overlap are one. */
  find(text: string): Span[] {
    const { characters, spans } = fold(text);
    const found: Span[] = [];
    let node = this.#root;
    for (const [index, character] of characters.entries()) {
      node = this.#step(node, character);
      const length = longestAt(node, characters, index);
      if (length === 0) continue;
      push(found, [spans[index - length + 1]?.[0] ?? 0, spans[index]?.[1] ?? 0]);
    }
    return found;
  }

  #add(characters: readonly string[]): void {
    let node = this.#root;
    for (const character of characters) {
      const next = node.next.get(character) ?? newNode();
      node.next.set(character, next);
      node = next;
    }
    node.length = characters.length;
  }

  /** Breadth first, so that what a node falls back to is linked already. */
  #link(): void {
    const queue = [...this.#root.next.values()];
    for (const node of queue) node.fallback = this.#root;
    for (const node of queue) {
      for (const [character, next] of node.next) {
        next.fallback = this.#step(node.fallback ?? this.#root, character);
        next.shorter = next.fallback.length > 0 ? next.fallback : next.fallback.shorter;
        queue.push(next);
      }
    }
  }

  #step(from: Node, character: string): Node {
    for (let node: Node | undefined = from; node; node = node.fallback) {
      const next = node.next.get(character);
      if (next) return next;
    }
    return this.#root;
  }
}

function newNode(): Node {
  return { next: new Map(), fallback: undefined, shorter: undefined, length: 0 };
}

/** The longest word that ends at this character and stands for itself; 0 for none. */
function longestAt(node: Node, characters: readonly string[], index: number): number {
  for (let word: Node | undefined = node; word; word = word.shorter) {
    if (word.length > 0 && isWhole(characters, index - word.length + 1, index)) return word.length;
  }
  return 0;
}

function isWhole(characters: readonly string[], first: number, last: number): boolean {
  return (
    !isJoined(characters[first - 1], characters[first]) && !isJoined(characters[last], characters[last + 1])
  );
}

function isJoined(left = '', right = ''): boolean {
  return SPELLED.test(left) && SPELLED.test(right);
}

/** Compares in compatibility form and lower case, character by character, so that each can be traced back. */
function fold(text: string): Folded {
  const characters: string[] = [];
  const spans: Span[] = [];
  let from = 0;
  for (const character of text) {
    const to = from + character.length;
    if (!INVISIBLE.test(character)) {
      for (const part of character.normalize('NFKC').toLowerCase()) {
        characters.push(part);
        spans.push([from, to]);
      }
    }
    from = to;
  }
  return { characters, spans };
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
