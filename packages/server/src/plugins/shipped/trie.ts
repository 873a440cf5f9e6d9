const ROOT = 0;
/** Entries of a hash table for each edge: with fewer, a search looks at many. */
const SPARSENESS = 2;

/**
 * The words of an Aho-Corasick search, in typed arrays: a node and its edge cost about 40 bytes, where objects would cost
 * some hundreds. A node is a number, the root 0.
 */
export class Trie {
  /** Where the search goes on when no next character fits: the longest suffix that also begins a word. */
  readonly #fallback: Uint32Array;
  /** The longest shorter word that ends at a node as well. */
  readonly #shorter: Uint32Array;
  /** Characters of the word that ends at a node; 0 for none. */
  readonly #length: Uint32Array;
  readonly #edges: Edges;
  #count = 1;

  constructor(words: readonly Uint32Array[]) {
    const most = words.reduce((sum, { length }) => sum + length, 1);
    this.#fallback = new Uint32Array(most);
    this.#shorter = new Uint32Array(most);
    this.#length = new Uint32Array(most);
    this.#edges = new Edges(most);
    for (const word of words) this.#add(word);
    this.#link();
  }

  /** The node after the next character. */
  step(from: number, point: number): number {
    for (let node = from; ; node = this.#fallback[node] as number) {
      const next = this.#edges.find(node, point);
      if (next !== ROOT || node === ROOT) return next;
    }
  }

  /** The lengths of the words that end at a node, the longest first. */
  *lengthsAt(node: number): Iterable<number> {
    for (let word = node; word !== ROOT; word = this.#shorter[word] as number) {
      const length = this.#length[word] as number;
      if (length > 0) yield length;
    }
  }

  #add(word: Uint32Array): void {
    let node = ROOT;
    for (const point of word) {
      let next = this.#edges.find(node, point);
      if (next === ROOT) {
        next = this.#count++;
        this.#edges.add(node, point, next);
      }
      node = next;
    }
    this.#length[node] = word.length;
  }

  /** Breadth first, so that what a node falls back to is linked already. */
  #link(): void {
    for (const { from, point, to } of this.#edges.byDepth()) {
      if (from === ROOT) continue;
      const fallback = this.step(this.#fallback[from] as number, point);
      this.#fallback[to] = fallback;
      this.#shorter[to] =
        (this.#length[fallback] as number) > 0 ? fallback : (this.#shorter[fallback] as number);
    }
  }
}

interface Edge {
  readonly from: number;
  readonly point: number;
  readonly to: number;
}

/** The edges of a tree in which each node is reached by one: an edge is known by the node it leads to. */
class Edges {
  /** A hash table of nodes, by where their edge comes from and its character; 0 for none. */
  readonly #table: Uint32Array;
  readonly #from: Uint32Array;
  readonly #point: Uint32Array;
  #count = 0;

  constructor(most: number) {
    this.#table = new Uint32Array(2 ** Math.ceil(Math.log2(most * SPARSENESS)));
    this.#from = new Uint32Array(most);
    this.#point = new Uint32Array(most);
  }

  /** The node that an edge leads to; 0 where there is none. */
  find(from: number, point: number): number {
    for (let at = this.#hash(from, point); ; at++) {
      const to = this.#table[at & (this.#table.length - 1)] as number;
      if (to === 0 || (this.#from[to] === from && this.#point[to] === point)) return to;
    }
  }

  add(from: number, point: number, to: number): void {
    let at = this.#hash(from, point);
    while (this.#table[at & (this.#table.length - 1)] !== 0) at++;
    this.#table[at & (this.#table.length - 1)] = to;
    this.#from[to] = from;
    this.#point[to] = point;
    this.#count++;
  }

  /** Those near the root first. */
  *byDepth(): Iterable<Edge> {
    const depths = this.#depths();
    const order = Uint32Array.from({ length: this.#count }, (_, index) => index + 1);
    // A node has a larger number than its parent, but nodes of one depth are scattered.
    order.sort((a, b) => (depths[a] as number) - (depths[b] as number));
    for (const to of order) yield { from: this.#from[to] as number, point: this.#point[to] as number, to };
  }

  #depths(): Uint32Array {
    const depths = new Uint32Array(this.#count + 1);
    for (let to = 1; to <= this.#count; to++) depths[to] = (depths[this.#from[to] as number] as number) + 1;
    return depths;
  }

  #hash(from: number, point: number): number {
    return (Math.imul(from, 0x9e3779b1) ^ Math.imul(point, 0x85ebca6b)) >>> 0;
  }
}
