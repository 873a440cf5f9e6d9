import { createHash } from 'node:crypto';
import type { Row, TableShape, Value } from './end.ts';

/** A sum over the digests of rows in any order, of 128 bits. */
const MODULUS = 2n ** 128n;

/** What a table holds, in few words; equal for equal rows, in whatever order and from whichever database they come. */
export interface Checksum {
  readonly rows: number;
  readonly sum: string;
}

/** Adds up rows. Their columns come by name, so that both databases give them in the same order. */
export class Summing {
  readonly #table: string;
  #rows = 0;
  #sum = 0n;

  constructor({ name, columns }: TableShape) {
    this.#table = JSON.stringify([name, ...columns.map((column) => column.name)]);
  }

  add(row: Row): void {
    const digest = createHash('sha256').update(this.#table).update(canonical(row)).digest();
    this.#rows += 1;
    this.#sum += (digest.readBigUInt64LE(0) << 64n) | digest.readBigUInt64LE(8);
  }

  result(): Checksum {
    return { rows: this.#rows, sum: (this.#sum % MODULUS).toString(16).padStart(32, '0') };
  }
}

/** A row as JSON; bytes in hexadecimal, within an array, as no text is. */
function canonical(row: Row): string {
  return JSON.stringify(row.map(plain));
}

function plain(value: Value): unknown {
  return value instanceof Uint8Array ? [Buffer.from(value).toString('hex')] : value;
}
