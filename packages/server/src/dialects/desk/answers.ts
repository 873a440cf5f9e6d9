import type { DeskAck, DeskError, DeskOut, StompFrame } from '@haina/wire';
import type { DomainError } from '../../core/errors.ts';
import type { Message } from '../../core/model.ts';
import { peekString } from '../common/json.ts';
import type { OpenSession } from '../common/stomp/binding.ts';
import { sendJson } from '../common/stomp-shape.ts';
import { renderAck } from './chat-render.ts';
import { renderSent } from './render.ts';
import type { StyleChoice } from './style.ts';

/** Names under which a frame says what its client calls it. */
const MESSAGE_IDS = ['clientMsgId', 'messageId', 'msgId'];

type Confirmed = Pick<DeskAck, 'originalMsgId' | 'sessionId'>;

/** Answers the frames of a session, in its style. */
export class Answers {
  readonly #session: OpenSession;
  readonly #style: StyleChoice;

  constructor(session: OpenSession, style: StyleChoice) {
    this.#session = session;
    this.#style = style;
  }

  /** Answers at the inbox. */
  reply(body: DeskOut): void {
    const { stomp, routes } = this.#session;
    for (const { subscription } of routes.inboxes()) sendJson(stomp, subscription, body);
  }

  /** Confirms a message that is stored. */
  sent(message: Message): void {
    const sent = renderSent(message);
    this.acknowledge({ originalMsgId: sent.clientMsgId, sessionId: sent.sessionId });
    if (!this.#style.isChat) this.reply(sent);
  }

  /** Confirms, or refuses, where the style has an answer for it. */
  acknowledge(confirmed: Confirmed, refusal?: DomainError): void {
    if (!this.#style.isChat) return;
    const { services, stomp, routes } = this.#session;
    const ack = renderAck(confirmed, services.clock.now(), refusal);
    for (const subscription of routes.named('reply')) sendJson(stomp, subscription, ack);
  }

  refuse(refusal: DomainError, frame: StompFrame, destination: string): void {
    const { stomp, routes } = this.#session;
    const { code, message } = refusal;
    const messageId =
      MESSAGE_IDS.map((name) => peekString(frame.body, name)).find((id) => id !== null) ?? null;
    const written = frame.headers.get('destination') ?? '';
    const body: DeskError = { code, message, destination: written, messageId };
    for (const subscription of routes.named('errors')) sendJson(stomp, subscription, body);
    if (frame.command !== 'SEND') return;
    this.#style.settle(destination);
    this.acknowledge({ originalMsgId: messageId, sessionId: peekString(frame.body, 'sessionId') }, refusal);
  }
}
