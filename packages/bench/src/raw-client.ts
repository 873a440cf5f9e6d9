import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { FrameCounter } from './frame-counter.ts';

const ZERO_MASK = Buffer.alloc(4);

/**
 * A WebSocket client that does next to nothing: it counts what arrives. A full client would be slower than the server
 * that is measured.
 */
export class RawClient {
  readonly #socket: Socket;
  readonly #counter = new FrameCounter();
  /** Told how many frames a read brought. */
  onFrames: (count: number) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(url: URL): Promise<RawClient> {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    const client = new RawClient(socket);
    socket.write(
      `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    await client.#upgraded();
    socket.on('data', (chunk) => {
      const frames = client.#counter.count(chunk as Buffer);
      if (frames > 0) client.onFrames(frames);
    });
    socket.on('error', () => {});
    return client;
  }

  /** Sends one text message of less than 64 KiB. A mask of zeros is a mask (RFC 6455 section 5.3). */
  send(text: string): void {
    const data = Buffer.from(text);
    const header =
      data.length < 126 ? Buffer.from([0x81, 0x80 | data.length]) : Buffer.from([0x81, 0xfe, 0, 0]);
    if (data.length >= 126) header.writeUInt16BE(data.length, 2);
    this.#socket.write(Buffer.concat([header, ZERO_MASK, data]));
  }

  close(): void {
    this.#socket.destroy();
  }

  #upgraded(): Promise<void> {
    return new Promise((resolve, reject) => {
      let head = '';
      const onData = (chunk: Buffer) => {
        head += chunk.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end === -1) return;
        this.#socket.off('data', onData);
        if (!head.startsWith('HTTP/1.1 101')) reject(new Error(`no upgrade: ${head.slice(0, 80)}`));
        else if (head.length > end + 4) reject(new Error('data came with the upgrade'));
        else resolve();
      };
      this.#socket.on('data', onData);
      this.#socket.once('error', reject);
    });
  }
}
