import type { Socket } from 'node:net';
import { FrameReader, frameOf } from '../processes/frames.ts';

export interface ChannelHandler {
  /** Throws for what breaks the rules of whoever reads: the channel is closed then. */
  message(json: string): void;
  /**
   * Told once; nothing is told after it.
   *
   * @param breach of the rules, where there was one; what else broke the pipe says less than how its process ended
   */
  closed(breach: Error | undefined): void;
}

/** JSON texts over a pipe between two processes, each behind its length in four bytes, in their order. */
export class Channel {
  readonly #pipe: Socket;
  readonly #frames: FrameReader;

  /** @param maxFrame most bytes of one text; a longer one is a breach */
  constructor(pipe: Socket, maxFrame: number, { message, closed }: ChannelHandler) {
    this.#pipe = pipe;
    this.#frames = new FrameReader(maxFrame);
    let breach: Error | undefined;
    // It is closed after an error, too.
    pipe.on('error', () => {});
    pipe.on('close', () => closed(breach));
    pipe.on('data', (chunk: Buffer) => {
      try {
        for (const frame of this.#frames.read(chunk)) {
          message(frame.toString());
          if (pipe.destroyed) return;
        }
      } catch (error) {
        breach = error as Error;
        pipe.destroy();
      }
    });
  }

  /** Does nothing once the channel is closed. */
  send(json: string): void {
    if (!this.#pipe.writable) return;
    this.#pipe.write(frameOf(json));
  }

  /** Resolves once the operating system has everything that was sent. */
  end(): Promise<void> {
    return new Promise((resolve) => this.#pipe.end(resolve));
  }

  /** What is still to be told is not. */
  destroy(): void {
    this.#pipe.destroy();
  }

  /** Whether the channel keeps its process from ending by itself. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#pipe.ref();
    else this.#pipe.unref();
  }
}
