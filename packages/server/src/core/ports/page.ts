/** A bounded part of a list. */
export interface Page {
  /** Only what sorts after this id. */
  readonly after?: string;
  readonly limit: number;
}
