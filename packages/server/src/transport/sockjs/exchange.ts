import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseSockJsBody, SockJsPayloadError } from '@haina/wire';
import { readBody } from './body.ts';
import { respond, respondNotFound, setUncached, TEXT } from './http.ts';
import type { ReceiverFormat } from './receiver.ts';
import type { SockJsSession } from './session.ts';
import type { SessionTable } from './session-table.ts';

/** How much longer than a message its body may be: JSON writes a control character as six bytes. */
const MAX_ESCAPING = 6;
/** Room for the frame around it, and for empty messages. */
const FRAMING_BYTES = 4096;

/** The longest inbound body, or SockJS WebSocket message, that messages of `maxMessageBytes` can need. */
export function bodyLimit(maxMessageBytes: number): number {
  return maxMessageBytes * MAX_ESCAPING + FRAMING_BYTES;
}

/** One request to a session, as the HTTP transports see it. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly #sessionId: string;
  readonly #sessions: SessionTable;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    query: string,
    sessionId: string,
    sessions: SessionTable,
  ) {
    this.request = request;
    this.response = response;
    this.query = new URLSearchParams(query);
    this.#sessionId = sessionId;
    this.#sessions = sessions;
  }

  /** Lets the response receive the session's frames; a session that is not known begins. */
  receive(format: ReceiverFormat): void {
    // An unread body would keep the socket from being read, and an abort from being seen.
    this.request.resume();
    this.#sessions.receive(this.#sessionId, this.request, this.response, format);
  }

  /**
   * Takes the client's messages from the body.
   *
   * @param extract finds the SockJS payload in the body
   * @param answer answers once the messages were taken
   */
  async send(extract: (body: string) => string, answer: (response: ServerResponse) => void): Promise<void> {
    const session = this.#sessions.find(this.#sessionId);
    if (session === undefined) return respondNotFound(this.response);
    setUncached(this.response);
    const body = await readBody(this.request, bodyLimit(this.#sessions.maxMessageBytes));
    switch (body.outcome) {
      case 'aborted':
        return;
      case 'too-large':
        return this.#refuseBody(session);
      case 'not-utf8':
        return this.#complain(new SockJsPayloadError('syntax'));
      case 'read':
        return this.#pass(session, () => extract(body.text), answer);
    }
  }

  #pass(session: SockJsSession, payload: () => string, answer: (response: ServerResponse) => void): void {
    let messages: readonly string[];
    try {
      messages = parseSockJsBody(payload());
    } catch (error) {
      this.#complain(error as SockJsPayloadError);
      return;
    }
    const reception = session.receive(messages, () => answer(this.response));
    if (reception === 'overrun') respond(this.response, 503, TEXT, 'Too many requests at once.\n');
  }

  /** sockjs-protocol 1.0, `XhrPolling.test_invalid_json`: the session goes on. */
  #complain(error: SockJsPayloadError): void {
    respond(this.response, 500, TEXT, error.message);
  }

  /** The messages are lost, so that the session cannot go on. */
  #refuseBody(session: SockJsSession): void {
    session.refuseOversized();
    this.response.setHeader('Connection', 'close');
    respond(this.response, 413, TEXT, 'Payload too large.\n');
  }
}
