import type { Config } from '../config/settings.ts';
import { DomainError } from '../core/errors.ts';
import type { JsonValue } from '../core/model.ts';
import type { PictureSize, PictureSource, Pictures } from '../core/ports/pictures.ts';
import type { Timers } from '../core/ports/timers.ts';
import { NoDecoder, PictureFault } from './picture-process.ts';
import type { PictureTask } from './picture-protocol.ts';
import { PictureWorker } from './picture-worker.ts';

type PictureConfig = Pick<
  Config,
  'maxPicturePixels' | 'pictureMemory' | 'pictureTimeout' | 'maxPicturesWaiting'
>;

export interface PictureDeps {
  readonly timers: Timers;
  /** Told why a picture could not be decoded. */
  onFault(fault: PictureFault): void;
  /** Told once why no picture can be decoded on this machine. */
  onUnfit(error: NoDecoder): void;
}

export interface DecodedPictures extends Pictures {
  /** Pictures that wait or are worked on. */
  readonly depth: number;
  close(): Promise<void>;
}

/** Of its memory, the part of the process that the bytes of a picture may take: decoding takes more. */
const FILE_SHARE = 1 / 4;

/**
 * Decodes pictures in processes of their own, which are started when they are needed. One measures and one decodes, so that
 * an upload never waits for a picture that takes long.
 */
export function openPictures(
  config: PictureConfig,
  { timers, onFault, onUnfit }: PictureDeps,
): DecodedPictures {
  let isUnfit = false;
  const options = {
    timers,
    memory: config.pictureMemory,
    pixels: config.maxPicturePixels,
    time: config.pictureTimeout,
    maxWaiting: config.maxPicturesWaiting,
    onUnfit(error: NoDecoder) {
      if (!isUnfit) onUnfit(error);
      isUnfit = true;
    },
  };
  const [measuring, decoding] = [new PictureWorker(options), new PictureWorker(options)];
  const maxBytes = config.pictureMemory * FILE_SHARE;

  async function run(
    worker: PictureWorker,
    task: PictureTask,
    source: PictureSource,
  ): Promise<Buffer | undefined> {
    if (isUnfit || source.size > maxBytes) return undefined;
    try {
      return await worker.run(task, source);
    } catch (error) {
      if (error instanceof NoDecoder) return undefined;
      if (error instanceof DomainError) throw error;
      if (!(error instanceof PictureFault)) {
        throw new DomainError('EINTERNAL', 'pictures can not be read now; try again', { cause: error });
      }
      onFault(error);
      return undefined;
    }
  }

  return {
    async measure(source) {
      const answer = await run(measuring, { kind: 'measure' }, source);
      return answer && sizeIn(answer);
    },
    shrink: (source, box) => run(decoding, { kind: 'shrink', box }, source),
    get depth() {
      return measuring.depth + decoding.depth;
    },
    async close() {
      await Promise.all([measuring.close(), decoding.close()]);
    },
  };
}

function sizeIn(answer: Buffer): PictureSize | undefined {
  try {
    const { width, height } = JSON.parse(answer.toString()) as { [key: string]: JsonValue };
    return isLength(width) && isLength(height) ? { width, height } : undefined;
  } catch {
    return undefined; // The picture has taken over the process.
  }
}

function isLength(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
