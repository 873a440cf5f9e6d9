import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TestServer } from '../server.ts';

/** A way to the server that can be cut: what is on it then is lost, and neither end has said goodbye. */
export class Link {
  readonly #server: () => TestServer;
  readonly #sockets = new Set<Socket>();
  readonly #listener = createServer((near) => this.#join(near));

  private constructor(server: () => TestServer) {
    this.#server = server;
  }

  /** @param server which one it leads to, asked at each connection */
  static async open(server: () => TestServer): Promise<Link> {
    const link = new Link(server);
    link.#listener.listen(0, '127.0.0.1');
    await once(link.#listener, 'listening');
    return link;
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #join(near: Socket): void {
    const far = connect(Number(new URL(this.#server().url).port), '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      // A cut is what this is for.
      one.on('error', () => {});
      one.once('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}
