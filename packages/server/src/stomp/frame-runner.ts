import { type StompFrame, StompProtocolError, type StompVersion } from '@haina/wire';
import type { Connection } from '../transport/connection.ts';
import { COMMANDS, type MaybeOutcome } from './commands.ts';
import { internalError } from './errors.ts';
import type { StompHandler } from './handler.ts';
import type { StompEvents, StompSettings } from './options.ts';
import type { Output } from './output.ts';
import { ByteBudget, frameBytes } from './sizes.ts';
import { Subscriptions } from './subscriptions.ts';
import { Transactions } from './transactions.ts';

/** What a runner needs of its session. */
export interface RunnerContext {
  readonly handler: StompHandler;
  readonly connection: Connection;
  readonly events: StompEvents;
  readonly output: Output;
  readonly version: StompVersion;
  readonly settings: StompSettings;
  /** Ends the session with an ERROR. */
  readonly fail: (error: StompProtocolError, frame?: StompFrame) => void;
  /** Called after each frame whose work took time, with everything about it done. */
  readonly settled: () => void;
  readonly internalError: (error: unknown) => void;
}

/**
 * Carries out the frames of a connected session: calls the handler, and answers each frame with RECEIPT, the dialect's
 * refusal, or ERROR. Work that takes time is counted, for back-pressure and for an orderly end.
 */
export class FrameRunner {
  readonly handler: StompHandler;
  readonly version: StompVersion;
  readonly subscriptions: Subscriptions;
  readonly transactions: Transactions;
  readonly #context: RunnerContext;
  #inFlight = 0;
  #inFlightBytes = 0;
  #isSaturated = false;
  #hasEnded = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(context: RunnerContext) {
    const { connection, events, version, settings, fail } = context;
    const { maxSubscriptions, maxUnacknowledged, maxOutstandingBytes } = settings;
    this.handler = context.handler;
    this.version = version;
    this.subscriptions = new Subscriptions({
      connection,
      events,
      version,
      maxSubscriptions,
      maxUnacknowledged,
      outstanding: new ByteBudget(maxOutstandingBytes),
      fail,
    });
    this.transactions = new Transactions(settings);
    this.#context = context;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether so much work is in flight that no more should be read. It stays so until half of it is done. */
  get isSaturated(): boolean {
    return this.#isSaturated;
  }

  /** Resolves when all that is in flight is done and reported. */
  idle(): Promise<void> {
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  /** Takes the client's next frame. Never throws. */
  run(frame: StompFrame): void {
    try {
      if (this.transactions.hold(frame)) return;
    } catch (error) {
      this.#refuse(frame, error);
      return;
    }
    this.execute(frame);
  }

  /** Carries out a frame, whether of a transaction or not. Returns whether it was accepted. Never throws nor rejects. */
  execute(frame: StompFrame): boolean | Promise<boolean> {
    if (this.#hasEnded) return false;
    try {
      const outcome = COMMANDS.get(frame.command)?.(this, frame);
      return outcome instanceof Promise ? this.#await(frame, outcome) : this.#accept(frame, outcome);
    } catch (error) {
      return this.#refuse(frame, error);
    }
  }

  /** Ends all subscriptions. Work in flight goes on, and nobody is told of its outcome. */
  end(): void {
    this.#hasEnded = true;
    this.subscriptions.clear();
  }

  #await(frame: StompFrame, work: Promise<MaybeOutcome>): Promise<boolean> {
    const { maxInFlight, maxInFlightBytes } = this.#context.settings;
    const bytes = frameBytes(frame);
    this.#inFlight += 1;
    this.#inFlightBytes += bytes;
    if (this.#inFlight >= maxInFlight || this.#inFlightBytes >= maxInFlightBytes) this.#isSaturated = true;
    return work.then(
      (outcome) => this.#settle(bytes, this.#accept(frame, outcome)),
      (error: unknown) => this.#settle(bytes, this.#refuse(frame, error)),
    );
  }

  #settle(bytes: number, isAccepted: boolean): boolean {
    const { maxInFlight, maxInFlightBytes } = this.#context.settings;
    this.#inFlight -= 1;
    this.#inFlightBytes -= bytes;
    if (this.#inFlight <= maxInFlight / 2 && this.#inFlightBytes <= maxInFlightBytes / 2)
      this.#isSaturated = false;
    this.#context.settled();
    if (this.#inFlight === 0) this.#idle?.resolve();
    return isAccepted;
  }

  #accept(frame: StompFrame, outcome: MaybeOutcome): boolean {
    const receiptId = frame.headers.get('receipt');
    if (receiptId !== undefined && !this.#hasEnded) this.#context.output.receipt(receiptId, outcome?.receipt);
    try {
      outcome?.afterwards?.();
    } catch (error) {
      this.#context.internalError(error);
      this.#context.fail(internalError(error), frame);
    }
    return true;
  }

  #refuse(frame: StompFrame, error: unknown): false {
    if (this.#hasEnded) return false;
    if (error instanceof StompProtocolError) {
      this.#context.fail(error, frame);
      return false;
    }
    try {
      this.handler.refuse(error, frame);
    } catch (cause) {
      this.#context.internalError(cause);
      this.#context.fail(internalError(cause), frame);
    }
    return false;
  }
}
