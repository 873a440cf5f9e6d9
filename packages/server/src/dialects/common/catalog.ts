/** The destinations that a dialect over STOMP has itself, whoever its user is. */
export interface Catalog {
  /** Name of the dialect. */
  readonly dialect: string;
  /** Whether clients send to it. */
  takes(destination: string): boolean;
  /** Whether clients subscribe to it. */
  tells(destination: string): boolean;
}

/** Whether a dialect has the destination itself, to send or to subscribe to. */
export function has(catalog: Catalog, destination: string): boolean {
  return catalog.takes(destination) || catalog.tells(destination);
}
