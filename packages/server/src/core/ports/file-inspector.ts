/** What a client says of a file: advice, as its user can't change what a browser declares. */
export interface FileClaim {
  /** The media type that the client declared; absent where it declared none. */
  readonly type: string | undefined;
  /** As the client names it. */
  readonly name: string;
}

/** What a file is, by its bytes. */
export interface FileNature {
  /** Media type that is safe to be served with. */
  readonly type: string;
  /** Without the dot; empty where there is none. */
  readonly extension: string;
  /** Of a picture, such as `JPEG`. */
  readonly format?: string;
  /** As shown, in pixels; absent where the first bytes do not tell. */
  readonly width?: number;
  readonly height?: number;
}

/** What the first bytes tell. */
export interface HeadNature extends FileNature {
  /** Of a picture whose size as shown only the whole of it tells: it may be turned, or say its size further on. */
  readonly isUnmeasured?: boolean;
}

/** Tells what a file is. */
export interface FileInspector {
  /** As many first bytes as it wants to see. */
  readonly headBytes: number;
  /** Whatever the client declared: no file is refused for it. */
  inspect(head: Uint8Array, claim: FileClaim): Promise<HeadNature>;
}
