import type { Close } from '@haina/wire';
import type {
  CloseCause,
  Connection,
  ConnectionHandler,
  ConnectionRequest,
} from '../../transport/connection.ts';
import type { Batch, Payload } from '../../transport/payload.ts';

const REQUEST: ConnectionRequest = {
  path: '/ws',
  query: new URLSearchParams(),
  authorizations: [],
  headers: {},
  remoteAddress: '127.0.0.1',
};

let connections = 0;

/** A connection whose client is the test. It keeps what is written, and what comes while it is paused. */
export class MemoryConnection implements Connection {
  readonly id = `memory-${++connections}`;
  readonly transport = 'websocket';
  readonly request = REQUEST;
  readonly subprotocol: string;
  readonly carriesBinary: boolean;
  readonly queuedBytes = 0;
  readonly written: Payload[] = [];
  isOpen = true;
  enqueuedBytes = 0;
  isPaused = false;
  hasHeartbeat = true;
  /** With what the server closed it. */
  closed: Close | undefined;
  #handler: ConnectionHandler | undefined;
  readonly #waiting: (string | Buffer)[] = [];

  constructor({
    subprotocol = '',
    carriesBinary = true,
  }: { subprotocol?: string; carriesBinary?: boolean } = {}) {
    this.subprotocol = subprotocol;
    this.carriesBinary = carriesBinary;
  }

  attach(handler: ConnectionHandler): void {
    this.#handler = handler;
  }

  write(batch: Batch): void {
    if (!this.isOpen) return;
    this.written.push(...batch.payloads);
    for (const payload of batch.payloads) this.enqueuedBytes += payload.data.length;
  }

  close(close: Close): void {
    if (!this.isOpen) return;
    this.closed = close;
    this.#end('server');
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    for (const data of this.#waiting.splice(0)) this.receive(data);
  }

  disableHeartbeat(): void {
    this.hasHeartbeat = false;
  }

  /** The client sends a message. */
  receive(data: string | Buffer): void {
    if (this.isPaused) this.#waiting.push(data);
    else if (this.isOpen) this.#handler?.onMessage(data, typeof data !== 'string');
  }

  /** The client, or its network, ends the connection. */
  drop(cause: CloseCause = 'client'): void {
    this.#end(cause);
  }

  /** As the transports do, on a later turn. */
  #end(cause: CloseCause): void {
    this.isOpen = false;
    process.nextTick(() => this.#handler?.onClose(cause));
  }
}
