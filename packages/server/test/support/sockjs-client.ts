import { StompDecoder, type StompFrame } from '@haina/wire';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

let sessions = 0;

/** A SockJS session by xhr polling that sends whatever it is told to. */
export class XhrClient {
  readonly url: string;
  readonly #decoder = new StompDecoder({ sender: 'server' });

  constructor(baseUrl: string, id = `session${++sessions}`) {
    this.url = `${baseUrl}/000/${id}`;
  }

  /** A session that is open. */
  static async open(baseUrl: string, query = ''): Promise<XhrClient> {
    const client = new XhrClient(baseUrl);
    const { status, text } = await client.post(`/xhr${query}`);
    if (text !== 'o\n') throw new Error(`not opened: ${status} ${text}`);
    return client;
  }

  async post(path: string, body: string | Buffer = ''): Promise<HttpAnswer> {
    const response = await fetch(this.url + path, { method: 'POST', body });
    return { status: response.status, text: await response.text() };
  }

  /** Sends SockJS messages as they should be sent. */
  send(...messages: string[]): Promise<HttpAnswer> {
    return this.post('/xhr_send', JSON.stringify(messages));
  }

  /** The next SockJS frame. */
  async poll(): Promise<string> {
    return (await this.post('/xhr')).text;
  }

  /** The STOMP frames of the next SockJS frame, which must be messages. */
  async frames(): Promise<StompFrame[]> {
    const text = await this.poll();
    if (!text.startsWith('a')) throw new Error(`no messages: ${text}`);
    for (const message of JSON.parse(text.slice(1)) as string[]) this.#decoder.push(message);
    return [...this.#decoded()];
  }

  *#decoded(): Generator<StompFrame> {
    for (let frame = this.#decoder.next(); frame; frame = this.#decoder.next()) yield frame;
  }
}
