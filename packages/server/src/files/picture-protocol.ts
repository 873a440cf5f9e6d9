import type { PictureSize } from '../core/ports/pictures.ts';

/*
 * What the server and the process that decodes pictures write to each other, in frames. A task is two frames: this as JSON,
 * and the picture. An answer is one: its kind, and bytes.
 */

export type PictureTask =
  | { readonly kind: 'measure' }
  | { readonly kind: 'shrink'; readonly box: PictureSize };

/** What the process is started with. */
export interface PictureLimits {
  /** Bytes of memory that the process may have. */
  readonly memory: number;
  /** Of a picture that is decoded. */
  readonly pixels: number;
}

/** The first byte of an answer. */
export const ANSWER = {
  /** Bytes of the result follow: a WebP, or a `PictureSize` as JSON. */
  done: 0,
  /** Why the picture can't be decoded follows. */
  refused: 1,
  /** Why no picture can be decoded here follows. */
  unfit: 2,
} as const;

/** Most bytes of an answer. */
export const MAX_ANSWER = 16_777_216;
