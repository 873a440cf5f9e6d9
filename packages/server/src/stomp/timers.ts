/** Undoes what was started. Harmless when it is over already. */
export type Cancel = () => void;

/** The passing of time, as a session is given it. Delays are in milliseconds. */
export interface Timers {
  after(delay: number, run: () => void): Cancel;
  every(period: number, run: () => void): Cancel;
}

/** The system's timers. They keep no process alive. */
export const SYSTEM_TIMERS: Timers = {
  after(delay, run) {
    const timer = setTimeout(run, delay).unref();
    return () => clearTimeout(timer);
  },
  every(period, run) {
    const timer = setInterval(run, period).unref();
    return () => clearInterval(timer);
  },
};
