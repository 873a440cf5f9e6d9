import { Client, type IFrame, type StompConfig } from '@stomp/stompjs';

/** How long to wait for what must come, in ms. Only a test that fails waits that long. */
const PATIENCE = 15_000;

/** How a client says that it has a message. */
export type AckMode = 'auto' | 'client' | 'client-individual';

/** Hears of everything that comes, as it comes. */
export type Listener = (destination: string, body: unknown) => void;

/** An unchanged `@stomp/stompjs` client that keeps what comes, by destination, until it is asked for. */
export class RealClient {
  readonly #client: Client;
  readonly #listener: Listener;
  readonly #ack: AckMode;
  readonly #received = new Map<string, unknown[]>();
  #check = () => {};
  #receipts = 0;

  private constructor(client: Client, listener: Listener, ack: AckMode) {
    this.#client = client;
    this.#listener = listener;
    this.#ack = ack;
  }

  static async connect(
    config: StompConfig,
    destinations: readonly string[],
    listener: Listener = () => {},
    ack: AckMode = 'auto',
  ): Promise<RealClient> {
    const client = new Client({ reconnectDelay: 0, debug: () => {}, ...config });
    const connected = Promise.withResolvers<void>();
    client.onConnect = () => connected.resolve();
    client.onStompError = (frame: IFrame) => connected.reject(new Error(frame.headers.message));
    client.activate();
    await connected.promise;
    const real = new RealClient(client, listener, ack);
    for (const destination of destinations) await real.#subscribe(destination);
    return real;
  }

  publish(destination: string, body?: object): void {
    this.#client.publish({ destination, ...(body ? { body: JSON.stringify(body) } : {}) });
  }

  /** Publishes and waits for the RECEIPT. */
  confirmed(destination: string, body?: object): Promise<void> {
    return this.#withReceipt((receipt) =>
      this.#client.publish({
        destination,
        headers: { receipt },
        ...(body ? { body: JSON.stringify(body) } : {}),
      }),
    );
  }

  /** The next body at a destination that matches, leaving others. */
  next<T>(destination: string, matches: (body: T) => boolean = () => true): Promise<T> {
    return new Promise((resolve, reject) => {
      const bodies = this.#at(destination) as T[];
      const timer = setTimeout(
        () => reject(new Error(`timed out at ${destination}; got ${JSON.stringify(bodies)}`)),
        PATIENCE,
      );
      this.#check = () => {
        const index = bodies.findIndex(matches);
        if (index === -1) return;
        clearTimeout(timer);
        this.#check = () => {};
        resolve(bodies.splice(index, 1)[0] as T);
      };
      this.#check();
    });
  }

  /** Everything at a destination that was not asked for. */
  take<T>(destination: string): T[] {
    return this.#at(destination).splice(0) as T[];
  }

  close(): Promise<void> {
    return this.#client.deactivate();
  }

  #subscribe(destination: string): Promise<void> {
    return this.#withReceipt((receipt) =>
      this.#client.subscribe(
        destination,
        (message) => {
          const value: unknown = JSON.parse(message.body);
          if (this.#ack !== 'auto') message.ack();
          this.#at(destination).push(value);
          this.#listener(destination, value);
          this.#check();
        },
        { receipt, ack: this.#ack },
      ),
    );
  }

  #at(destination: string): unknown[] {
    const bodies = this.#received.get(destination) ?? [];
    this.#received.set(destination, bodies);
    return bodies;
  }

  #withReceipt(send: (receipt: string) => void): Promise<void> {
    const receipt = `receipt-${++this.#receipts}`;
    const confirmed = new Promise<void>((resolve) => this.#client.watchForReceipt(receipt, () => resolve()));
    send(receipt);
    return confirmed;
  }
}
