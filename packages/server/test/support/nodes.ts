import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A session's part of a SockJS path: its requests have to reach the node that has it. */
const SOCKJS_SESSION = /^\S+ \/\S*?\/[^/.\s]+\/([^/.\s]+)\/(?:xhr|jsonp|eventsource|htmlfile)\w*[\s?]/;

/**
 * A balancer before several nodes, as a user has one: each connection goes to the next node, and those of a SockJS session to the
 * same.
 */
export class Balancer {
  readonly #server: Server;
  readonly #ports: readonly number[];
  readonly #sockets = new Set<Socket>();
  #next = 0;

  private constructor(ports: readonly number[]) {
    this.#ports = ports;
    this.#server = createServer((socket) => this.#take(socket));
  }

  /** @param urls of the nodes, `http://HOST:PORT` */
  static async start(urls: readonly string[]): Promise<Balancer> {
    const balancer = new Balancer(urls.map((url) => Number(new URL(url).port)));
    await new Promise<void>((resolve) => balancer.#server.listen(0, '127.0.0.1', resolve));
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #take(client: Socket): void {
    this.#keep(client);
    client.once('data', (first: Buffer) => {
      client.pause();
      const node = connect({ host: '127.0.0.1', port: this.#portFor(first), allowHalfOpen: true });
      this.#keep(node);
      node.on('connect', () => {
        node.write(first);
        client.pipe(node);
        node.pipe(client);
      });
      node.on('close', () => client.destroy());
      client.on('close', () => node.destroy());
    });
  }

  #portFor(first: Buffer): number {
    const [, session] = SOCKJS_SESSION.exec(first.toString('latin1', 0, 2000)) ?? [];
    const place = session === undefined ? this.#next++ : sumOf(session);
    return this.#ports[place % this.#ports.length] as number;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

function sumOf(text: string): number {
  let sum = 0;
  for (const character of text) sum += character.codePointAt(0) ?? 0;
  return sum;
}
