import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { PictureSource } from '../core/ports/pictures.ts';
import type { Timers } from '../core/ports/timers.ts';
import { FrameReader, frameOf, headerOf } from '../processes/frames.ts';
import { endOf } from '../processes/process-end.ts';
import { ANSWER, MAX_ANSWER, type PictureLimits, type PictureTask } from './picture-protocol.ts';

const MAIN = fileURLToPath(new URL('./picture-main.ts', import.meta.url));
/** Pictures are outside of the JavaScript heap. */
const HEAP_MIB = 64;

/** A picture that can't be decoded, or that ended the process which tried. */
export class PictureFault extends Error {
  override readonly name = 'PictureFault';
  /** Whether the process is gone. */
  readonly isEnd: boolean;

  constructor(message: string, { isEnd }: { readonly isEnd: boolean }) {
    super(message);
    this.isEnd = isEnd;
  }
}

/** Pictures can't be decoded on this machine. */
export class NoDecoder extends Error {
  override readonly name = 'NoDecoder';
}

export interface PictureProcessOptions extends PictureLimits {
  /** How long one picture may take, in ms; its bytes may take as long to come. */
  readonly time: number;
  readonly timers: Timers;
  /** What runs in place of the decoder; for tests. */
  readonly program?: string;
}

/** One process that decodes pictures. Runs one task at a time. */
export class PictureProcess {
  readonly #child: ChildProcess;
  readonly #options: PictureProcessOptions;
  /** Of the task that runs. */
  #answer: PromiseWithResolvers<Buffer> | undefined;
  #end: Error | undefined;

  constructor(options: PictureProcessOptions) {
    this.#options = options;
    this.#child = spawnDecoder(options);
    this.#child.on('error', ({ message }) => this.kill(new Error(`it could not be started: ${message}`)));
    this.#child.on('exit', (code, signal) =>
      this.kill(new PictureFault(endOf(code, signal), { isEnd: true })),
    );
    const { stdin, stdout } = this.#child;
    // A pipe that breaks is told by the end of the process.
    for (const pipe of [stdin, stdout]) pipe?.on('error', () => {});
    const frames = new FrameReader(MAX_ANSWER);
    stdout?.on('data', (chunk: Buffer) => {
      try {
        for (const frame of frames.read(chunk)) this.#receive(frame);
      } catch (error) {
        this.kill(new PictureFault((error as Error).message, { isEnd: true }));
      }
    });
    this.#hold(false);
  }

  get isAlive(): boolean {
    return this.#end === undefined;
  }

  /** PictureFault, NoDecoder, or the source's error. */
  async run(task: PictureTask, source: PictureSource): Promise<Buffer> {
    if (this.#end) throw this.#end;
    this.#answer = Promise.withResolvers();
    const { promise } = this.#answer;
    // It may be rejected before anybody waits for it.
    promise.catch(() => {});
    this.#hold(true);
    try {
      await this.#limited(
        this.#feed(task, source, promise),
        () => new Error('the picture was not read in time'),
      );
      return await this.#limited(
        promise,
        (time) => new PictureFault(`it took longer than ${time} ms`, { isEnd: true }),
      );
    } finally {
      this.#answer = undefined;
      this.#hold(false);
    }
  }

  /** Ends it, whatever it does. */
  kill(reason: Error = new PictureFault('it was stopped', { isEnd: true })): void {
    this.#end ??= reason;
    this.#answer?.reject(this.#end);
    const { stdin, stdout } = this.#child;
    this.#child.kill('SIGKILL');
    for (const pipe of [stdin, stdout]) pipe?.destroy();
  }

  /** Writes the task. What keeps the source from being read ends the process, as a part of a picture is no task. */
  async #feed(task: PictureTask, source: PictureSource, answer: Promise<Buffer>): Promise<void> {
    const { stdin } = this.#child;
    if (!stdin) throw new Error('it could not be started: there are no descriptors left');
    try {
      const bytes = await source.open();
      stdin.write(frameOf(JSON.stringify(task)));
      stdin.write(headerOf(source.size));
      for await (const chunk of exactly(bytes, source.size)) {
        // An answer before the end is one that tells why there is no end to wait for.
        if (!stdin.write(chunk)) await Promise.race([once(stdin, 'drain'), answer]);
      }
    } catch (error) {
      // Where the process ended meanwhile, that is why.
      if (this.#end) await answer;
      this.kill();
      throw error;
    }
  }

  /** Kills the process where the step takes too long. */
  async #limited<Value>(step: Promise<Value>, fault: (time: number) => Error): Promise<Value> {
    const { timers, time } = this.#options;
    const late = Promise.withResolvers<never>();
    const cancel = timers.after(time, () => {
      const reason = fault(time);
      this.kill(reason);
      late.reject(reason);
    });
    try {
      return await Promise.race([step, late.promise]);
    } finally {
      cancel();
    }
  }

  #receive(frame: Buffer): void {
    const [kind] = frame;
    const body = frame.subarray(1);
    if (kind === ANSWER.unfit) this.kill(new NoDecoder(body.toString()));
    // What it was not asked for would be taken for the next answer.
    else if (!this.#answer) this.kill();
    else if (kind === ANSWER.done) this.#answer.resolve(body);
    else this.#answer.reject(new PictureFault(body.toString(), { isEnd: false }));
  }

  /** A server that ends does not wait for a process that has nothing to do. */
  #hold(isHeld: boolean): void {
    const parts = [this.#child, this.#child.stdin, this.#child.stdout] as ({
      ref(): void;
      unref(): void;
    } | null)[];
    for (const part of parts) {
      if (isHeld) part?.ref();
      else part?.unref();
    }
  }
}

function spawnDecoder({ memory, pixels, program = MAIN }: PictureProcessOptions): ChildProcess {
  const limits: PictureLimits = { memory, pixels };
  return spawn(process.execPath, [`--max-old-space-size=${HEAP_MIB}`, program, JSON.stringify(limits)], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // Nothing of the server's; Windows starts no program without the first, and glibc keeps less with the second.
    env: { SystemRoot: process.env.SystemRoot, MALLOC_ARENA_MAX: '2' },
    windowsHide: true,
  });
}

/** The bytes; throws where they are not as many. */
async function* exactly(bytes: Readable, size: number): AsyncGenerator<Buffer> {
  let left = size;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    left -= chunk.length;
    if (left < 0) break;
    yield chunk;
  }
  if (left !== 0) throw new Error(`the picture has not the ${size} bytes that it had`);
}
