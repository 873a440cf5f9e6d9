import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Client, type CompatClient, type IMessage, Stomp } from '@stomp/stompjs';
import SockJS from 'sockjs-client';
import { type WebSocketMessage, WebSocketMessageSchema } from '../../../wire/src/generated/im_pb.js';

/** How long to wait for what must come, in ms. Only a test that fails waits that long. */
const PATIENCE = 15_000;

/** A message as section 3.1 has it, enums as numbers and 64-bit integers too. */
export interface Message {
  readonly messageId: string;
  readonly type: number;
  readonly status: number;
  readonly senderId: string;
  readonly conversationId: string;
  readonly clientMessageId: string;
  readonly timestamp: number;
  readonly sequence: number;
  readonly chat?: { readonly content: string };
  readonly notification?: { readonly content: string };
  readonly system?: { readonly content: string; readonly code: string };
  readonly event?: { readonly content: string };
}

export interface ConnectHeaders {
  readonly Authorization: string;
  readonly userId: string;
  readonly deviceId: string;
  readonly clientType: string;
}

/** A client that nobody wrote but who has read the document, the `.proto` and what their STOMP library can do. */
export interface DocumentClient {
  /** Section 2.2. Rejects with the ERROR's message. */
  connect(headers: ConnectHeaders): Promise<void>;
  subscribe(destination: string): void;
  /** Sections 8.1 to 8.3: the body as it is there. */
  send(destination: string, body: Readonly<Record<string, unknown>>): void;
  /** The next message at a destination that matches. */
  next(destination: string, matches?: (message: Message) => boolean): Promise<Message>;
  /** The next refusal: `{code, message, destination, messageId}`. */
  nextError(): Promise<Record<string, unknown>>;
  disconnect(): Promise<void>;
}

const ERRORS = '/user/queue/errors';

abstract class Reader {
  readonly #arrived = new Map<string, Message[]>();
  readonly #waiting = new Set<() => void>();

  protected arrived(destination: string, message: unknown): void {
    this.#arrived.set(destination, [...(this.#arrived.get(destination) ?? []), message as Message]);
    for (const check of [...this.#waiting]) check();
  }

  next(destination: string, matches: (message: Message) => boolean = () => true): Promise<Message> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`nothing at ${destination}: ${JSON.stringify([...this.#arrived])}`));
      }, PATIENCE);
      const check = () => {
        const here = this.#arrived.get(destination) ?? [];
        const index = here.findIndex(matches);
        if (index === -1) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(here.splice(index, 1)[0] as Message);
      };
      this.#waiting.add(check);
      check();
    });
  }
}

/** JSON by the calls of section 2.2, whatever the socket. */
class JsonClient extends Reader implements DocumentClient {
  readonly #stomp: CompatClient;

  constructor(openSocket: () => unknown) {
    super();
    this.#stomp = Stomp.over(openSocket);
    this.#stomp.debug = () => {};
    this.#stomp.reconnect_delay = 0;
  }

  connect(headers: ConnectHeaders): Promise<void> {
    return new Promise((resolve, reject) => {
      const refused = (frame: { headers?: Record<string, string> }) =>
        reject(new Error(frame.headers?.message ?? 'closed'));
      this.#stomp.connect({ ...headers }, () => resolve(), refused, refused);
    });
  }

  subscribe(destination: string): void {
    this.#stomp.subscribe(destination, ({ body }) => this.arrived(destination, JSON.parse(body)));
  }

  send(destination: string, body: Readonly<Record<string, unknown>>): void {
    this.#stomp.send(destination, {}, JSON.stringify(body));
  }

  async nextError(): Promise<Record<string, unknown>> {
    return (await this.next(ERRORS)) as unknown as Record<string, unknown>;
  }

  disconnect(): Promise<void> {
    return this.#stomp.deactivate();
  }
}

const PROTOBUF = 'application/x-protobuf';

/** Protobuf with the code that is generated from the published `.proto`. */
class ProtobufClient extends Reader implements DocumentClient {
  readonly #url: string;
  #stomp = new Client();

  constructor(url: string) {
    super();
    this.#url = url;
  }

  connect(headers: ConnectHeaders): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stomp = new Client({
        brokerURL: this.#url,
        reconnectDelay: 0,
        connectHeaders: { ...headers, accept: PROTOBUF },
        onConnect: () => resolve(),
        onStompError: (frame) => reject(new Error(frame.headers.message)),
      });
      this.#stomp.activate();
    });
  }

  subscribe(destination: string): void {
    const take = ({ binaryBody, headers }: IMessage) => {
      if (headers['content-type'] !== PROTOBUF) throw new Error(`not protobuf: ${headers['content-type']}`);
      this.arrived(destination, plain(fromBinary(WebSocketMessageSchema, binaryBody)));
    };
    this.#stomp.subscribe(destination, take, { accept: PROTOBUF });
  }

  send(destination: string, body: Readonly<Record<string, unknown>>): void {
    const binaryBody = toBinary(
      WebSocketMessageSchema,
      create(WebSocketMessageSchema, sentAs(destination, body)),
    );
    this.#stomp.publish({ destination, binaryBody, headers: { 'content-type': PROTOBUF } });
  }

  async nextError(): Promise<Record<string, unknown>> {
    const { type, status, system } = await this.next(ERRORS);
    if (type !== 34 || status !== 5) throw new Error(`type ${type} with status ${status}`);
    return JSON.parse(system?.content ?? 'null') as Record<string, unknown>;
  }

  disconnect(): Promise<void> {
    return this.#stomp.deactivate();
  }
}

/** What the head of the `.proto` says of each destination. */
function sentAs(
  destination: string,
  body: Readonly<Record<string, unknown>>,
): MessageInitShape<typeof WebSocketMessageSchema> {
  if (destination !== '/app/chat' && destination !== '/app/private-message') {
    const type = destination === '/app/heartbeat' ? 32 : destination === '/app/auth' ? 33 : 34;
    return { type, payload: { case: 'system', value: { content: JSON.stringify(body) } } };
  }
  const { content, msgType, clientMsgId, conversationId, receiverId, timestamp } = body;
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return {
    type: Number(msgType ?? 0),
    conversationId: String(conversationId ?? ''),
    receiverId: String(receiverId ?? ''),
    clientMessageId: String(clientMsgId ?? ''),
    timestamp: BigInt(Number(timestamp ?? 0)),
    payload: { case: 'chat', value: { content: text } },
  };
}

function plain({ payload, timestamp, sequence, ...fields }: WebSocketMessage): object {
  const arm = payload.case === undefined ? {} : { [payload.case]: payload.value };
  return { ...fields, timestamp: Number(timestamp), sequence: Number(sequence), ...arm };
}

/** The ways that the document leaves open, each with a client of its own. */
export const WAYS: Readonly<Record<string, (url: string) => DocumentClient>> = {
  'JSON over WebSocket': (url) => new JsonClient(() => new WebSocket(`${url.replace('http', 'ws')}/ws`)),
  'JSON over SockJS': (url) => new JsonClient(() => new SockJS(`${url}/ws`)),
  'protobuf over WebSocket': (url) => new ProtobufClient(`${url.replace('http', 'ws')}/ws`),
};
