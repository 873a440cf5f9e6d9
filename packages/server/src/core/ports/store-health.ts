/** Whether the store serves, and how busy it is. */
export interface StoreHealth {
  /** Resolves after all writes issued before; rejects while the store can't serve. */
  ping(): Promise<void>;
  /** Resolves once something was written to disk; rejects while nothing can be, or the file is damaged or lost. */
  probe(): Promise<void>;
  /** Operations that wait or run. */
  readonly depth: number;
}
