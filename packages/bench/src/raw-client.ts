import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { FrameCounter } from './frame-counter.ts';

const ZERO_MASK = Buffer.alloc(4);
/** What arrives is only counted, so that all clients read into the same bytes: a buffer a read keeps the load's collector busy. */
const READ_BUFFER = Buffer.alloc(64 * 1024);

/**
 * A WebSocket client that does next to nothing: it counts what arrives. A full client would be slower than the server
 * that is measured.
 */
export class RawClient {
  readonly #socket: Socket;
  readonly #counter = new FrameCounter();
  #upgrade: UpgradeAnswer | undefined = new UpgradeAnswer();
  /** Told how many frames a read brought. */
  onFrames: (count: number) => void = () => {};

  private constructor(url: URL) {
    this.#socket = connect({
      host: url.hostname,
      port: Number(url.port),
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (bytes, buffer) => this.#read(Buffer.from(buffer.buffer, buffer.byteOffset, bytes)),
      },
    });
  }

  static async open(url: URL): Promise<RawClient> {
    const client = new RawClient(url);
    const upgraded = (client.#upgrade as UpgradeAnswer).promise;
    client.#socket.on('error', (error) => client.#upgrade?.reject(error));
    client.#socket.write(
      `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    await upgraded;
    client.#upgrade = undefined;
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

  #read(chunk: Buffer): boolean {
    if (this.#upgrade) {
      this.#upgrade.read(chunk);
    } else {
      const frames = this.#counter.count(chunk);
      if (frames > 0) this.onFrames(frames);
    }
    return true;
  }
}

/** The server's answer to the upgrade, which comes alone: nobody speaks before the client does. */
class UpgradeAnswer {
  readonly #outcome = Promise.withResolvers<void>();
  #head = '';

  get promise(): Promise<void> {
    return this.#outcome.promise;
  }

  read(chunk: Buffer): void {
    this.#head += chunk.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end === -1) return;
    if (!this.#head.startsWith('HTTP/1.1 101'))
      this.reject(new Error(`no upgrade: ${this.#head.slice(0, 80)}`));
    else if (this.#head.length > end + 4) this.reject(new Error('data came with the upgrade'));
    else this.#outcome.resolve();
  }

  reject(error: Error): void {
    this.#outcome.reject(error);
  }
}
