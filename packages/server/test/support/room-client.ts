import type {
  RoomChatResponse,
  RoomContactsResponse,
  RoomFrom,
  RoomJoinedResponse,
  RoomLeftResponse,
  RoomRefusal,
} from '@haina/wire';
import { CompactEncrypt, compactDecrypt } from 'jose';
import WebSocket from 'ws';

export type RoomFrame =
  | RoomChatResponse
  | RoomContactsResponse
  | RoomJoinedResponse
  | RoomLeftResponse
  | RoomRefusal;

/** How long to wait for what must come, in ms. Only a test that fails waits that long. */
const PATIENCE = 15_000;
const DATA_TYPES = { joined: 1, left: 2, chat: 3, contacts: 5 } as const;

export interface RoomClientOptions {
  readonly token?: string;
  /** Encrypts everything under this key. */
  readonly key?: Uint8Array;
  /** Further parameters of the address, such as `&enc=x`. */
  readonly query?: string;
  readonly origin?: string;
}

/** A `room` client as one writes it from the document: JSON over the `ws` package. */
export class RoomClient {
  readonly #socket: WebSocket;
  readonly #key: Uint8Array | undefined;
  readonly #frames: RoomFrame[] = [];
  #reading: Promise<void> = Promise.resolve();
  #check = () => {};
  /** Resolves with the close code and reason. */
  readonly closed: Promise<{ code: number; reason: string }>;

  private constructor(socket: WebSocket, key: Uint8Array | undefined) {
    this.#socket = socket;
    this.#key = key;
    this.closed = new Promise((resolve) =>
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    socket.on('message', (data) => {
      this.#reading = this.#reading.then(() => this.#take(String(data)));
    });
  }

  static async connect(
    wsUrl: string,
    { token, key, query = '', origin }: RoomClientOptions = {},
  ): Promise<RoomClient> {
    const auth = token === undefined ? '' : `&token=${token}`;
    const url = `${wsUrl}/ws/room?v=1${auth}${key ? '&enc=A256GCM' : ''}${query}`;
    const socket = new WebSocket(url, origin === undefined ? {} : { origin });
    const client = new RoomClient(socket, key);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  /** Sends a document, sealed where there is a key. Awaiting it matters only then. */
  async send(document: unknown): Promise<void> {
    const text = JSON.stringify(document);
    this.sendRaw(this.#key ? await seal(text, this.#key) : text);
  }

  sendRaw(data: string | Buffer): void {
    this.#socket.send(data);
  }

  sendJoin(from: RoomFrom, roomNumber: string): Promise<void> {
    return this.send({ msgType: 2, textData: { dataType: 1, data: { from, roomNumber } } });
  }

  /** A ping of WebSocket's own, which is no message. */
  ping(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  /** The next message as it comes over the wire. */
  nextRaw(): Promise<string> {
    return new Promise((resolve) => this.#socket.once('message', (data) => resolve(String(data))));
  }

  async join(
    from: RoomFrom,
    roomNumber: string,
  ): Promise<RoomJoinedResponse['resultBody']['textData']['data']> {
    await this.sendJoin(from, roomNumber);
    return (await this.next('joined')).resultBody.textData.data;
  }

  leave(from: RoomFrom, roomNumber: string): Promise<void> {
    return this.send({ msgType: 2, textData: { dataType: 2, data: { from, roomNumber } } });
  }

  chat(from: RoomFrom, roomNumber: string, content: string, more: object = {}): Promise<void> {
    return this.send({ msgType: 3, textData: { dataType: 3, data: { from, roomNumber, content, ...more } } });
  }

  /** The next frame of a kind; others stay. */
  async next(kind: 'joined'): Promise<RoomJoinedResponse>;
  async next(kind: 'left'): Promise<RoomLeftResponse>;
  async next(kind: 'chat'): Promise<RoomChatResponse>;
  async next(kind: 'contacts'): Promise<RoomContactsResponse>;
  async next(kind: keyof typeof DATA_TYPES): Promise<RoomFrame> {
    const wanted = DATA_TYPES[kind];
    return this.#nextMatching(
      kind,
      (frame) => frame.status === 1 && frame.resultBody.textData.dataType === wanted,
    );
  }

  /** What the next chat says. */
  async nextChat(): Promise<RoomChatResponse['resultBody']['textData']['data']> {
    return (await this.next('chat')).resultBody.textData.data;
  }

  /** The text of the next refusal. */
  async nextRefusal(): Promise<string> {
    return (await this.#nextMatching('refusal', (frame) => frame.status === 0)).msg;
  }

  /** Everything that came and was not asked for, once the server has answered all that was sent. */
  async settled(): Promise<RoomFrame[]> {
    for (const msgType of [901, 902]) {
      await this.send({ msgType, textData: {} });
      await this.#nextMatching(
        'answer',
        (frame) => frame.status === 0 && frame.msg.startsWith('msgType must'),
      );
    }
    return this.#frames.splice(0);
  }

  async drop(): Promise<void> {
    this.#socket.terminate();
    await this.closed;
  }

  async #take(text: string): Promise<void> {
    const plain = this.#key ? await unseal(text, this.#key) : text;
    this.#frames.push(JSON.parse(plain) as RoomFrame);
    this.#check();
  }

  #nextMatching(wanted: string, matches: (frame: RoomFrame) => boolean): Promise<RoomFrame> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`timed out waiting for ${wanted}; got ${JSON.stringify(this.#frames)}`));
      }, PATIENCE);
      this.#check = () => {
        const index = this.#frames.findIndex(matches);
        if (index === -1) return;
        clearTimeout(timer);
        this.#check = () => {};
        resolve(this.#frames.splice(index, 1)[0] as RoomFrame);
      };
      this.#check();
    });
  }
}

export function seal(text: string, key: Uint8Array): Promise<string> {
  return new CompactEncrypt(Buffer.from(text))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(key);
}

async function unseal(text: string, key: Uint8Array): Promise<string> {
  return Buffer.from((await compactDecrypt(text, key)).plaintext).toString();
}
