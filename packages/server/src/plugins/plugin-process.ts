import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { JsonValue } from '../core/model.ts';
import type { Timers } from '../core/ports/timers.ts';
import { endOf } from '../processes/process-end.ts';
import { Board } from './board.ts';
import { Channel } from './channel.ts';
import { readFromPlugin } from './from-plugin.ts';
import { PrintedOutput } from './printed-output.ts';
import {
  CHANNEL_FD,
  CLOSE_LIMIT,
  type FromPlugin,
  type HostCall,
  MAX_FRAME,
  type Manifest,
  type Outcome,
  type ProcessSettings,
  type ToPlugin,
} from './protocol.ts';

/** How long a plug-in may take to set up, in ms. */
const START_LIMIT = 10_000;

const MIB = 1024 * 1024;
const MAIN = fileURLToPath(new URL('./plugin-main.ts', import.meta.url));

export interface ProcessOptions extends ProcessSettings {
  /** What the heap of the process may hold, in bytes. */
  readonly memory: number;
  readonly timers: Timers;
}

export interface ProcessListener {
  done(outcomes: readonly Outcome[], begun: number): void;
  reply(id: number, value: JsonValue): void;
  hostCall(call: HostCall): void;
  fault(hook: string, fault: string): void;
  printed(text: string): void;
  /** It ended by itself. Told once; but for what it printed, nothing is told after it. */
  ended(reason: string): void;
}

/** One process of a plug-in, from its start to its end. */
export class PluginProcess {
  readonly board: Board;
  readonly #child: ChildProcess;
  readonly #channel: Channel;
  readonly #printed: PrintedOutput;
  readonly #timers: Timers;
  readonly #started = Promise.withResolvers<Manifest>();
  readonly #ended = Promise.withResolvers<void>();
  #listener: ProcessListener | undefined;
  /** Why it is gone, as far as is known. */
  #reason: string | undefined;

  private constructor(options: ProcessOptions, board: Board) {
    this.board = board;
    this.#timers = options.timers;
    this.#child = spawnPlugin(options, board);
    const isGone = new Promise<string>((resolve) => {
      this.#child.on('exit', (code, signal) => resolve(endOf(code, signal)));
      this.#child.on('error', ({ message }) => {
        resolve(`it could not be started: ${message}`);
        this.#channel?.destroy();
      });
    });
    const { stdio, stdout, stderr } = this.#child;
    // So it is where the server has no descriptors left; the error tells.
    if (!stdio) throw new Error('it could not be started: there are no descriptors left');
    this.#printed = new PrintedOutput([stdout, stderr] as Readable[]);
    const isClosed = Promise.withResolvers<void>();
    this.#channel = new Channel(stdio[CHANNEL_FD] as Socket, MAX_FRAME, {
      message: (json) => this.#receive(readFromPlugin(json)),
      closed: (breach) => {
        this.#reason ??= breach?.message;
        // Whoever closes its channel can't be reached any more.
        this.#child.kill('SIGKILL');
        isClosed.resolve();
      },
    });
    // What it wrote before its end is read before the end is told.
    void Promise.all([isGone, isClosed.promise]).then(([end]) => this.#end(this.#reason ?? end));
    const { name, entry, base, dataDir, options: given } = options;
    this.send({ settings: { name, entry, base, dataDir, options: given } });
  }

  /**
   * Rejects with an error that says what keeps the plug-in from starting.
   *
   * @param signal ends the start, and the process with it
   */
  static async start(
    options: ProcessOptions,
    signal?: AbortSignal,
  ): Promise<{ process: PluginProcess; manifest: Manifest }> {
    const process = PluginProcess.#spawn(options);
    const abort = (): void => process.#started.reject(signal?.reason);
    signal?.addEventListener('abort', abort);
    const cancel = options.timers.after(START_LIMIT, () =>
      process.#started.reject(new Error(`it was not set up within ${START_LIMIT / 1000} s`)),
    );
    try {
      const manifest = await process.#started.promise;
      process.#hold(false);
      return { process, manifest };
    } catch (error) {
      process.terminate();
      throw error;
    } finally {
      cancel();
      signal?.removeEventListener('abort', abort);
    }
  }

  static #spawn(options: ProcessOptions): PluginProcess {
    const board = new Board();
    try {
      return new PluginProcess(options, board);
    } catch (error) {
      board.close();
      throw error;
    }
  }

  /** To be called once, before anything else is done with a process that was started. */
  listen(listener: ProcessListener): void {
    this.#listener = listener;
    this.#printed.listen((text) => listener.printed(text));
  }

  /** Throws where the message has no JSON form. Does nothing once the process has ended. */
  send(message: ToPlugin): void {
    this.#channel.send(JSON.stringify(message));
  }

  /** @param calls each as JSON */
  sendCalls(calls: readonly string[]): void {
    this.#channel.send(`{"calls":[${calls.join()}]}`);
  }

  /** Lets it do what it was given, and end by itself; not for ever. */
  async close(): Promise<void> {
    this.#hold(true);
    this.send({ close: true });
    const cancel = this.#timers.after(CLOSE_LIMIT, () => this.#ended.resolve());
    await this.#ended.promise;
    cancel();
    this.terminate();
  }

  /** Ends it, whatever it does. Nothing is told any more, but what it printed. */
  terminate(): void {
    this.#listener = undefined;
    this.#child.kill('SIGKILL');
    this.#channel.destroy();
    this.board.close();
  }

  /** A server that ends does not wait for a plug-in, but for its start and its end. */
  #hold(isHeld: boolean): void {
    this.#channel.hold(isHeld);
    const { stdout, stderr, stdio } = this.#child;
    const others = [this.#child, stdout, stderr, ...stdio.slice(CHANNEL_FD + 1)] as (Socket | null)[];
    for (const other of others) {
      if (isHeld) other?.ref();
      else other?.unref();
    }
  }

  #end(reason: string): void {
    this.#started.reject(new Error(`${reason} while it was set up`));
    this.#ended.resolve();
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.ended(reason);
  }

  #receive(message: FromPlugin): void {
    const listener = this.#listener;
    if ('done' in message) listener?.done(message.done, message.begun);
    else if ('reply' in message) listener?.reply(message.id, message.reply);
    else if ('hostCall' in message) listener?.hostCall(message.hostCall);
    else if ('fault' in message) listener?.fault(message.hook, message.fault);
    else if ('dying' in message) this.#reason = message.dying;
    else if ('ready' in message) this.#started.resolve(message.ready);
    else this.#started.reject(new Error(message.unfit));
  }
}

function spawnPlugin({ name, memory }: ProcessOptions, board: Board): ChildProcess {
  const heap = `--max-old-space-size=${Math.ceil(memory / MIB)}`;
  return spawn(process.execPath, [heap, MAIN, name], {
    // In the order of the descriptors' numbers; the plug-in's process inherits no others.
    stdio: ['ignore', 'pipe', 'pipe', 'overlapped', board.fd, 'overlapped'],
    // Not the secrets of the server.
    env: Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('HAINA_'))),
    windowsHide: true,
  });
}
