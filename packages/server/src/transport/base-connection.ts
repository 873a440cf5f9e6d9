import { type Close, closeOf } from '@haina/wire';
import type {
  CloseCause,
  Connection,
  ConnectionAcceptor,
  ConnectionHandler,
  ConnectionRequest,
  TransportName,
} from './connection.ts';
import type { TransportContext } from './context.ts';
import type { Flushable } from './flusher.ts';
import type { Batch } from './payload.ts';

/** Never added to. */
const NOTHING: Batch[] = [];

/** What a new connection is made from. */
export interface ConnectionOrigin {
  readonly context: TransportContext;
  readonly request: ConnectionRequest;
  readonly maxQueuedBytes: number;
}

/**
 * What all transports have in common: the queue of one tick, its limit, and the one way to end.
 *
 * The handler's `onClose` always comes on a later turn of `process.nextTick`, never from inside a call to the
 * connection: who ends connections while iterating over them needs no care.
 */
export abstract class BaseConnection implements Connection, Flushable {
  readonly id: string;
  readonly request: ConnectionRequest;
  readonly subprotocol: string = '';
  abstract readonly transport: TransportName;
  abstract readonly carriesBinary: boolean;

  protected readonly context: TransportContext;
  readonly #maxQueuedBytes: number;
  /** Known once it was accepted, and until the end. */
  #handler: ConnectionHandler | undefined;
  /** Why it ended for the layer above; a transport may outlive that to say goodbye. */
  #endCause: CloseCause | undefined;
  #pending: Batch[] = NOTHING;
  #pendingBytes = 0;
  #enqueuedBytes = 0;
  /** Bytes known to be with the operating system. Final once the connection has ended. */
  #writtenBytes = 0;
  #awaitsFlush = false;
  #shuttingDown: Promise<void> | undefined;

  constructor({ context, request, maxQueuedBytes }: ConnectionOrigin) {
    this.id = context.connections.nextId();
    this.context = context;
    this.request = request;
    this.#maxQueuedBytes = maxQueuedBytes;
  }

  /** Bytes that a batch takes on this transport. */
  protected abstract sizeOf(batch: Batch): number;
  /** Bytes given to the socket that the operating system has not taken yet. */
  protected abstract get backlog(): number;
  /** Whether `backlog` can be trusted: a destroyed socket has forgotten what it did not write. */
  protected abstract get isIntact(): boolean;
  /** Whether there is something to write to now. */
  protected abstract get canTransmit(): boolean;
  /** Writes to the socket, in one system call. */
  protected abstract transmit(batches: readonly Batch[]): void;
  /** Ends the transport itself, in its own way, once nothing more is to be written. */
  protected abstract sayGoodbye(close: Close): void;
  /** Leaves at once, whatever the client still has to say or to read. */
  abstract cut(): void;
  abstract pause(): void;
  abstract resume(): void;
  abstract disableHeartbeat(): void;

  get isOpen(): boolean {
    return this.#endCause === undefined;
  }

  get enqueuedBytes(): number {
    return this.#enqueuedBytes;
  }

  get queuedBytes(): number {
    // What was written stays so: mostly there is nothing to ask the socket for.
    if (this.#enqueuedBytes === this.#writtenBytes) return 0;
    if (this.isOpen) this.#measure();
    return this.#enqueuedBytes - this.#writtenBytes;
  }

  write(batch: Batch): void {
    if (!this.isOpen) return;
    const size = this.sizeOf(batch);
    if (this.#wouldOverflow(size)) {
      // What this tick gathered is no proof of a slow reader: only what the operating system would not take is.
      this.flushNow();
      if (this.#wouldOverflow(size)) {
        this.#dropSlowConsumer();
        return;
      }
    }
    // Most ticks bring one. An array that is not made to grow, and none between ticks, spares the collector a fan-out's worth.
    if (this.#pending.length === 0) this.#pending = [batch];
    else this.#pending.push(batch);
    this.#pendingBytes += size;
    this.#enqueuedBytes += size;
    this.#requestFlush();
  }

  close(close: Close): void {
    this.end('server', close);
  }

  prepareFlush(): boolean {
    this.#awaitsFlush = false;
    return this.#pending.length > 0 && this.canTransmit;
  }

  flush(): number {
    if (!this.prepareFlush()) return 0;
    const bytes = this.#pendingBytes;
    this.transmit(this.takePending());
    this.#measure();
    return bytes;
  }

  /** Makes the connection known and finds its handler. */
  start(accept: ConnectionAcceptor): void {
    this.context.connections.add(this);
    this.context.events.opened(this);
    try {
      this.#adopt(accept(this));
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Ends as every connection of a stopping server does: once what the client asked for is answered.
   *
   * @param patience resolves when that takes too long
   */
  shutDown(patience: Promise<unknown>): Promise<void> | void {
    if (this.#shuttingDown) return this.#shuttingDown;
    const answered = this.#stopHandler();
    if (answered === undefined) return this.#endForShutdown();
    this.#shuttingDown = Promise.race([answered, patience]).then(() => this.#endForShutdown());
    return this.#shuttingDown;
  }

  /** Leaves at once what a closed connection may stay for: the client may still come to read why it was closed. */
  abstract hurry(): void;

  /** Flushes, tells the handler, and closes with a code. */
  protected end(cause: CloseCause, close: Close): void {
    if (!this.isOpen) return;
    this.flushNow();
    this.finish(cause);
    this.sayGoodbye(close);
  }

  /** Ends the connection for the layer above: from here on nothing is taken and nothing delivered. */
  protected finish(cause: CloseCause): void {
    if (!this.isOpen) return;
    this.#measure();
    const handler = this.#handler;
    this.#handler = undefined;
    this.#endCause = cause;
    this.context.events.closed(this, cause);
    if (handler !== undefined) this.#notifyLater(handler, cause);
  }

  /** Called when nothing of the transport is left. */
  protected gone(): void {
    this.dropPending();
    this.context.connections.delete(this);
  }

  /** Hands one message to the handler. `bytes` is its size. */
  protected deliver(data: string | Buffer, binary: boolean, bytes: number): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    this.context.events.bytesIn(bytes);
    try {
      handler.onMessage(data, binary);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Flushes ahead of the end of the tick. */
  protected flushNow(): void {
    this.context.flusher.flushNow(this);
  }

  protected get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  protected takePending(): readonly Batch[] {
    const batches = this.#pending;
    this.dropPending();
    return batches;
  }

  protected dropPending(): void {
    this.#pending = NOTHING;
    this.#pendingBytes = 0;
  }

  #endForShutdown(): void {
    this.end('shutdown', closeOf('shutdown'));
  }

  /** What there is to wait for. Never rejects. */
  #stopHandler(): Promise<void> | undefined {
    const failed = (error: unknown): void => this.context.events.failed(this, error);
    try {
      const answered = this.#handler?.onStopping?.();
      return answered instanceof Promise ? answered.catch(failed) : undefined;
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  /** A single batch larger than the limit passes as long as nothing is queued before it. */
  #wouldOverflow(size: number): boolean {
    const queued = this.queuedBytes;
    return queued > 0 && queued + size > this.#maxQueuedBytes;
  }

  #measure(): void {
    if (!this.isIntact) return;
    this.#writtenBytes = this.#enqueuedBytes - this.#pendingBytes - this.backlog;
  }

  #requestFlush(): void {
    if (this.#awaitsFlush) return;
    this.#awaitsFlush = true;
    this.context.flusher.add(this);
  }

  #dropSlowConsumer(): void {
    this.finish('slow-consumer');
    this.dropPending();
    this.sayGoodbye(closeOf('slow-consumer'));
  }

  #adopt(handler: ConnectionHandler): void {
    // The acceptor may have closed the connection.
    if (this.#endCause !== undefined) this.#notifyLater(handler, this.#endCause);
    else this.#handler = handler;
  }

  #notifyLater(handler: ConnectionHandler, cause: CloseCause): void {
    process.nextTick(() => {
      try {
        handler.onClose(cause);
      } catch (error) {
        this.context.events.failed(this, error);
      }
    });
  }

  #fail(error: unknown): void {
    this.context.events.failed(this, error);
    this.end('server', closeOf('internal'));
  }
}
