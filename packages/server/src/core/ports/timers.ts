/** Undoes what was started. Harmless when it is over already. */
export type Cancel = () => void;

/** The passing of time. Delays are in milliseconds. */
export interface Timers {
  after(delay: number, run: () => void): Cancel;
}
