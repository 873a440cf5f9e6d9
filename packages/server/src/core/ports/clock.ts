import type { Timestamp } from '../model.ts';

/** The only sources of time and identity that the core knows. */
export interface Clock {
  now(): Timestamp;
}

export interface IdSource {
  /** A new id, unique everywhere and sortable by the time it was made. */
  next(): string;
}
