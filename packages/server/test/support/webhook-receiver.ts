import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly event: Record<string, unknown>;
}

/** Somebody's HTTP server that gets webhooks: answers as it is told to, and keeps what came until it is asked for. */
export class WebhookReceiver {
  readonly #server: Server;
  readonly #received: Received[] = [];
  #check = () => {};
  /** Statuses of the next answers; 204 where there is none. 0 is no answer at all. */
  readonly answers: number[] = [];
  /** Everything that came so far. */
  total = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        this.#received.push({ headers: request.headers, text, event: JSON.parse(text) });
        this.total++;
        const status = this.answers.shift() ?? 204;
        if (status === 302) response.setHeader('location', '/elsewhere');
        if (status !== 0) response.writeHead(status).end();
        this.#check();
      });
    });
  }

  static async start(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** Takes the next delivery that fits. */
  next(matches: (received: Received) => boolean = () => true): Promise<Received> {
    return new Promise((resolve) => {
      this.#check = () => {
        const index = this.#received.findIndex(matches);
        if (index === -1) return;
        this.#check = () => {};
        resolve(this.#received.splice(index, 1)[0] as Received);
      };
      this.#check();
    });
  }

  /** What came and was not asked for. */
  get rest(): readonly Received[] {
    return this.#received;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** As docs/events.md tells receivers to check a delivery. */
export function isGenuine({ headers, text }: Received, secret: string): boolean {
  const made = createHmac('sha256', secret).update(`${headers['haina-timestamp']}.${text}`).digest('hex');
  const expected = Buffer.from(`v1=${made}`);
  const given = Buffer.from(String(headers['haina-signature']));
  return given.length === expected.length && timingSafeEqual(given, expected);
}
