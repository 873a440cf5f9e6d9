import { isDeepStrictEqual } from 'node:util';
import type { Told } from './heard.ts';

const KINDS = {
  id: (value: unknown): boolean => typeof value === 'string' && value !== '',
  /** A place in a conversation, or another number that counts up. */
  number: (value: unknown): boolean => Number.isInteger(value) && (value as number) > 0,
  negative: (value: unknown): boolean => Number.isInteger(value) && (value as number) < 0,
  /** Of this run of the test. */
  time: (value: unknown): boolean => typeof value === 'number' && Math.abs(Date.now() - value) < 600_000,
  iso: (value: unknown): boolean => typeof value === 'string' && KINDS.time(Date.parse(value)),
};
type Kind = keyof typeof KINDS;

/** Stands in an expected document for a value that the server chooses: the same wherever it stands. */
class Chosen {
  readonly name: string;
  readonly kind: Kind;

  constructor(name: string, kind: Kind) {
    this.name = name;
    this.kind = kind;
  }
}

let anonymous = 0;

/** What the server chooses; without a name each is its own. */
export function chosen(kind: Kind, name = `#${++anonymous}`): unknown {
  return new Chosen(`${kind} of ${name}`, kind);
}

/** What the documents that came so far say of what the server chose. */
export class Facts {
  #known = new Map<string, unknown>();

  /** Whether a document is as expected. What it tells that was not known is known from then on. */
  fits(actual: Told, expected: Told): boolean {
    const learned = new Map(this.#known);
    if (!isDeepStrictEqual(actual, fill(expected, actual, learned))) return false;
    this.#known = learned;
    return true;
  }

  /** An expected document with all that is known, for people to read. */
  show(expected: Told): unknown {
    return fill(expected, undefined, new Map(this.#known));
  }
}

function fill(expected: unknown, actual: unknown, known: Map<string, unknown>): unknown {
  if (expected instanceof Chosen) return fillChosen(expected, actual, known);
  if (Array.isArray(expected)) {
    return expected.map((value, index) => fill(value, (actual as unknown[] | undefined)?.[index], known));
  }
  if (typeof expected !== 'object' || expected === null) return expected;
  const values = actual as Record<string, unknown> | null | undefined;
  return Object.fromEntries(
    Object.entries(expected).map(([name, value]) => [name, fill(value, values?.[name], known)]),
  );
}

function fillChosen({ name, kind }: Chosen, actual: unknown, known: Map<string, unknown>): unknown {
  if (known.has(name)) return known.get(name);
  if (!KINDS[kind](actual)) return `<${name}>`;
  known.set(name, actual);
  return actual;
}
