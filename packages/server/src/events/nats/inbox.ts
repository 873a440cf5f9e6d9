import type { JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import type { BusinessEvents, EventOutcome } from '../../core/business-events.ts';
import { DomainError, toDomainError } from '../../core/errors.ts';
import { parseJson } from '../../core/json.ts';

/** Which deployment published an event. */
export const ORIGIN_HEADER = 'Haina-Origin';
const ID_HEADER = 'Nats-Msg-Id';
/** When an event comes again that could not be told now, in ms. */
const RETRY_AFTER = 1000;
const MAX_REASON_LENGTH = 500;

export interface NatsInboxDeps {
  readonly events: Pick<BusinessEvents, 'receive'>;
  readonly origin: string;
  /** The tenant of events that name none. */
  readonly tenant: string;
  readonly deadLetter: string;
  /** Told of each event; `malformed` for those that went to the dead letters. */
  taken(outcome: EventOutcome | 'malformed'): void;
  onError(error: unknown): void;
}

/** Takes events from the stream, and acknowledges each once it was handed to the hub. */
export class NatsInbox {
  readonly #deps: NatsInboxDeps;

  constructor(deps: NatsInboxDeps) {
    this.#deps = deps;
  }

  /** Resolves once the event is acknowledged, put off, or with the dead letters. */
  async take(message: JsMsg, jetstream: JetStreamClient): Promise<void> {
    const { origin, taken, onError } = this.#deps;
    if (message.headers?.get(ORIGIN_HEADER) === origin) {
      taken('own');
      message.ack();
      return;
    }
    try {
      taken(await this.#receive(message, jetstream));
      message.ack();
    } catch (error) {
      onError(error);
      message.nak(RETRY_AFTER);
    }
  }

  async #receive(message: JsMsg, jetstream: JetStreamClient): Promise<EventOutcome | 'malformed'> {
    const { events, tenant } = this.#deps;
    const { stream, streamSequence } = message.info;
    const id = message.headers?.get(ID_HEADER) || `${stream}.${streamSequence}`;
    try {
      return (await events.receive(readEvent(message), { id, tenant, source: 'nats' })).outcome;
    } catch (error) {
      const refusal = toDomainError(error);
      if (refusal.code === 'EINTERNAL') throw error;
      await this.#bury(message, refusal, jetstream);
      return 'malformed';
    }
  }

  /** As it came, with why and from where beside it. */
  async #bury({ subject, data, info }: JsMsg, { code, message }: DomainError, jetstream: JetStreamClient) {
    const { stream, streamSequence } = info;
    const about = headers();
    about.set('Haina-Reason', printable(`${code}: ${message}`));
    about.set('Haina-Subject', subject);
    about.set('Haina-Stream', stream);
    about.set('Haina-Sequence', String(streamSequence));
    const msgID = `${stream}.${streamSequence}`;
    await jetstream.publish(`${this.#deps.deadLetter}.${subject}`, data, { msgID, headers: about });
  }
}

/** The subject is the event's type where its body names none. */
function readEvent({ subject, data }: JsMsg): unknown {
  const event = parseJson(data);
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return event;
  const { eventType = subject } = event as { eventType?: unknown };
  if (eventType === subject) return { ...event, eventType };
  throw new DomainError('EINVAL', 'eventType is not the subject', { field: 'eventType' });
}

/** What a header can hold. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_REASON_LENGTH);
}
