import type { Readable } from 'node:stream';

/** The bytes of a picture, which are read when its turn has come. */
export interface PictureSource {
  readonly size: number;
  /** May fail as the file storage does. */
  open(): Promise<Readable>;
}

/** As shown, in pixels: turned, mirrored and cropped as the picture says. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Looks into pictures, whatever is in their bytes: what they do to whoever decodes them, and how long that takes, is
 * bounded. ERATE where too many wait. Errors of the source pass.
 */
export interface Pictures {
  /** Undefined where it can't be told. */
  measure(source: PictureSource): Promise<PictureSize | undefined>;
  /** The picture in a box of these pixels, never larger than it is, as WebP. Undefined where it can't be decoded. */
  shrink(source: PictureSource, box: PictureSize): Promise<Buffer | undefined>;
}
