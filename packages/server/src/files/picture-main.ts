import { setPriority } from 'node:os';
import type { Sharp, SharpOptions } from 'sharp';
import type { PictureSize } from '../core/ports/pictures.ts';
import { goFirstWhereMemoryIsShort, ignoreStopSignals } from '../processes/child.ts';
import { FrameReader, headerOf } from '../processes/frames.ts';
import { ANSWER, type PictureLimits, type PictureTask } from './picture-protocol.ts';

/** The process that decodes pictures, one at a time. It trusts nothing in them, and the server trusts nothing that it answers. */

/** How often the process looks at its memory, in ms. */
const MEMORY_CHECK = 20;
const LOWEST_PRIORITY = 19;
const QUALITY = 80;
/** The formats whose decoders may run: libvips has many more. */
const DECODERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif', 'Tiff'];

type Decode = (bytes: Buffer, options?: SharpOptions) => Sharp;

const limits = JSON.parse(process.argv[2] ?? '') as PictureLimits;
const kill = () => process.kill(process.pid, 'SIGKILL');

ignoreStopSignals();
goFirstWhereMemoryIsShort();
makeWay();
// The decoders work in threads of their own, so that this thread can always look.
setInterval(() => {
  if (process.memoryUsage.rss() > limits.memory) kill();
}, MEMORY_CHECK);

const decode = await loadDecoder();
const frames = new FrameReader(Number.POSITIVE_INFINITY);
let task: PictureTask | undefined;
process.stdin.on('data', (chunk: Buffer) => {
  for (const frame of frames.read(chunk)) {
    if (task) void run(task, frame);
    task = task ? undefined : (JSON.parse(frame.toString()) as PictureTask);
  }
});
// The server is gone, or has enough of this one.
process.stdin.on('close', kill);

async function run(given: PictureTask, bytes: Buffer): Promise<void> {
  if (!decode) return;
  try {
    const result =
      given.kind === 'measure' ? await measure(decode, bytes) : await shrink(decode, bytes, given.box);
    answer(ANSWER.done, result);
  } catch (error) {
    // libvips tells all that led to it, line by line.
    answer(ANSWER.refused, Buffer.from((error as Error).message.trim().split('\n').at(-1) ?? ''));
  }
}

async function measure(decode: Decode, bytes: Buffer): Promise<Buffer> {
  // Nothing is decoded, however many pixels the picture claims to have.
  const { autoOrient } = await decode(bytes, { limitInputPixels: false }).metadata();
  const { width, height } = autoOrient;
  return Buffer.from(JSON.stringify({ width, height }));
}

function shrink(decode: Decode, bytes: Buffer, { width, height }: PictureSize): Promise<Buffer> {
  const options = { limitInputPixels: limits.pixels, failOn: 'none', sequentialRead: true } as const;
  return decode(bytes, options)
    .autoOrient()
    .resize({ width, height, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: QUALITY })
    .toBuffer();
}

function answer(kind: number, bytes: Buffer): void {
  process.stdout.write(Buffer.concat([headerOf(bytes.length + 1), Buffer.from([kind]), bytes]));
}

async function loadDecoder(): Promise<Decode | undefined> {
  try {
    const { default: sharp } = await import('sharp');
    sharp.cache(false);
    sharp.concurrency(1);
    sharp.block({ operation: ['VipsForeignLoad'] });
    sharp.unblock({ operation: DECODERS.map((format) => `VipsForeignLoad${format}`) });
    return sharp;
  } catch (error) {
    answer(ANSWER.unfit, Buffer.from((error as Error).message));
    return undefined;
  }
}

/** Messages go first where there are not enough processors for both. */
function makeWay(): void {
  try {
    setPriority(LOWEST_PRIORITY);
  } catch {
    // Not allowed here: it takes its share then.
  }
}
