import { JetStreamApiError, type JetStreamClient, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';

/** How long to wait for what must come, in ms. Only a test that fails waits that long. */
const PATIENCE = 15_000;

/** Another system at the same NATS server: publishes, and keeps what others publish until it is asked for. */
export class NatsPeer {
  readonly #connection: NatsConnection;
  readonly #jetstream: JetStreamClient;
  readonly #messages: Msg[] = [];
  #check = () => {};

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.#jetstream = jetstream(connection);
    const callback = (_error: unknown, message: Msg) => {
      this.#messages.push(message);
      this.#check();
    };
    for (const subject of ['business.>', 'communication.>', 'haina.>']) {
      connection.subscribe(subject, { callback });
    }
  }

  static async connect(url: string): Promise<NatsPeer> {
    const peer = new NatsPeer(await connect({ servers: url.replace('nats://', '') }));
    await peer.#connection.flush();
    return peer;
  }

  /** Puts a message into whatever stream has the subject. */
  async publish(subject: string, body: unknown, id?: string): Promise<void> {
    const data = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    await this.#jetstream.publish(subject, data, {
      ...(id === undefined ? {} : { msgID: id }),
      headers: headers(),
      // The stream may be about to be made.
      retries: 20,
    });
  }

  /** Takes the next message of a subject that fits. */
  next(subject: string, matches: (message: Msg) => boolean = () => true): Promise<Msg> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`nothing at ${subject}; got ${this.#messages.map((m) => m.subject)}`)),
        PATIENCE,
      );
      this.#check = () => {
        const index = this.#messages.findIndex((message) => message.subject === subject && matches(message));
        if (index === -1) return;
        clearTimeout(timer);
        this.#check = () => {};
        resolve(this.#messages.splice(index, 1)[0] as Msg);
      };
      this.#check();
    });
  }

  /** Resolves once every consumer of the deployment has acknowledged all there is. */
  async drained(origin = 'haina', stream = 'HAINA_EVENTS'): Promise<void> {
    const manager = await jetstreamManager(this.#connection);
    for (const name of [`${origin}_business`, `${origin}_communication`]) {
      for (;;) {
        const { num_pending, num_ack_pending } = await manager.consumers.info(stream, name);
        if (num_pending + num_ack_pending === 0) break;
      }
    }
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

/** Undefined for what is no JSON. */
export function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Every event of the stream so far, in its order; none while there is no stream. */
export async function storedEvents(
  url: string,
  login: { token?: string; user?: string; pass?: string; tls?: object } = {},
  stream = 'HAINA_EVENTS',
): Promise<Record<string, unknown>[]> {
  const connection = await connect({ servers: url.replace('nats://', ''), ...login });
  try {
    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info(stream);
    const events: Record<string, unknown>[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const message = await manager.streams.getMessage(stream, { seq });
      const event = message && parsed(message.string());
      if (event) events.push(event);
    }
    return events;
  } catch (error) {
    if (error instanceof JetStreamApiError) return [];
    throw error;
  } finally {
    await connection.close();
  }
}

/** As an operator does it, before anybody else. */
export async function makeStream(url: string, name: string, subjects: string[]): Promise<void> {
  const connection = await connect({ servers: url.replace('nats://', '') });
  await (await jetstreamManager(connection)).streams.add({ name, subjects });
  await connection.close();
}

/** By name. */
export async function streamNames(url: string): Promise<string[]> {
  const connection = await connect({ servers: url.replace('nats://', '') });
  const names: string[] = [];
  for await (const name of (await jetstreamManager(connection)).streams.names()) names.push(name);
  await connection.close();
  return names.sort();
}
