import { randomUUID } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import WebSocket from 'ws';

/** How long to wait for what must come, in ms. Only a test that fails waits that long. */
const PATIENCE = 10_000;

/** How a SockJS transport asks for frames, and how it says something. */
interface Form {
  readonly method: 'GET' | 'POST';
  readonly query?: string;
  /** Whether one answer brings one frame, or all of them. */
  readonly isStream: boolean;
  readonly send: 'xhr_send' | 'jsonp_send';
}

const FORMS = {
  xhr: { method: 'POST', isStream: false, send: 'xhr_send' },
  jsonp: { method: 'GET', query: '?c=callback', isStream: false, send: 'jsonp_send' },
  xhr_streaming: { method: 'POST', isStream: true, send: 'xhr_send' },
  eventsource: { method: 'GET', isStream: true, send: 'xhr_send' },
  htmlfile: { method: 'GET', query: '?c=callback', isStream: true, send: 'xhr_send' },
} as const satisfies Record<string, Form>;

/** The transports of SockJS for clients without WebSockets. */
export const FALLBACKS = Object.keys(FORMS) as readonly (keyof typeof FORMS)[];
export type Fallback = keyof typeof FORMS;

/** A SockJS client of any transport that shows what comes as it comes, as text in the transport's own form. */
export interface SockJsClient {
  /** Resolves once everything that came together has this text. */
  heard(text: string): Promise<void>;
  send(message: string): Promise<void>;
  close(): void;
}

/** Keeps what came, and tells those who wait for some of it. */
class Heard {
  #text = '';
  #end: string | undefined;
  readonly #waiting = new Set<() => void>();

  add(text: string): void {
    this.#text += text;
    for (const check of this.#waiting) check();
  }

  end(why: string): void {
    this.#end ??= why;
    for (const check of this.#waiting) check();
  }

  wait(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        settle();
      };
      const fail = (why: string) =>
        done(() => reject(new Error(`${why} while waiting for ${text}; got ${this.#text}`)));
      const check = (): void => {
        if (this.#text.includes(text)) done(resolve);
        else if (this.#end !== undefined) fail(this.#end);
      };
      const timer = setTimeout(() => fail('timed out'), PATIENCE);
      this.#waiting.add(check);
      check();
    });
  }
}

/** A session of a transport by HTTP, below a SockJS address such as `http://host/ws/im`. */
export class FallbackClient implements SockJsClient {
  readonly #url: string;
  readonly #form: Form;
  readonly #path: string;
  readonly #heard = new Heard();
  #receiver: ReturnType<typeof request> | undefined;
  #isClosed = false;

  private constructor(baseUrl: string, transport: Fallback) {
    const form: Form = FORMS[transport];
    this.#url = `${baseUrl}/000/${randomUUID()}`;
    this.#form = form;
    this.#path = `/${transport}${form.query ?? ''}`;
  }

  /** Resolves once the session is open. */
  static async open(baseUrl: string, transport: Fallback): Promise<FallbackClient> {
    const client = new FallbackClient(baseUrl, transport);
    client.#receive();
    // Each transport has the frame `o` in a form of its own; nothing before it has these letters.
    await client.#heard.wait(
      transport.startsWith('xhr') ? 'o\n' : transport === 'eventsource' ? 'data: o' : '("o")',
    );
    return client;
  }

  heard(text: string): Promise<void> {
    return this.#heard.wait(text);
  }

  async send(message: string): Promise<void> {
    const body = JSON.stringify([message]);
    const isForm = this.#form.send === 'jsonp_send';
    const response = await fetch(`${this.#url}/${this.#form.send}`, {
      method: 'POST',
      body: isForm ? `d=${encodeURIComponent(body)}` : body,
      headers: { 'content-type': isForm ? 'application/x-www-form-urlencoded' : 'text/plain' },
    });
    await response.text();
    if (!response.ok) throw new Error(`not taken: ${response.status}`);
  }

  close(): void {
    this.#isClosed = true;
    this.#receiver?.destroy();
  }

  #receive(): void {
    const receiver = request(this.#url + this.#path, { method: this.#form.method, agent: false });
    this.#receiver = receiver;
    receiver.on('error', ({ message }) => this.#heard.end(message));
    receiver.on('response', (response) => this.#read(response));
    receiver.end();
  }

  #read(response: IncomingMessage): void {
    if (response.statusCode !== 200) this.#heard.end(`answered with ${response.statusCode}`);
    response.setEncoding('utf8').on('data', (text: string) => this.#heard.add(text));
    response.on('error', () => {});
    response.on('end', () => {
      if (!this.#form.isStream && response.statusCode === 200 && !this.#isClosed) this.#receive();
    });
  }
}

/** A SockJS session over a WebSocket. */
export async function openSockJsWebSocket(wsBaseUrl: string): Promise<SockJsClient> {
  const socket = new WebSocket(`${wsBaseUrl}/000/${randomUUID()}/websocket`);
  const heard = new Heard();
  socket.on('message', (data) => heard.add(String(data)));
  socket.on('error', ({ message }) => heard.end(message));
  socket.on('close', (code) => heard.end(`closed with ${code}`));
  await heard.wait('o');
  return {
    heard: (text) => heard.wait(text),
    send: async (message) => socket.send(JSON.stringify([message])),
    close: () => socket.terminate(),
  };
}
