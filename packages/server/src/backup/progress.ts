/** Who is told how far a backup or a restore has got. */
export interface Progress {
  /** @param total bytes that will come, where that is known */
  begin(what: string, total?: number): void;
  /** So many bytes of what was begun last are done. */
  reach(bytes: number): void;
  end(): void;
}
