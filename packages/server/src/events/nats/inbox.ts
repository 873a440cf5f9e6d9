import type { JsMsg } from '@nats-io/jetstream';
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import type { BusinessEvents, EventOutcome } from '../../core/business-events.ts';
import { DomainError, toDomainError } from '../../core/errors.ts';
import { parseJson } from '../../core/json.ts';
import { isRefusal, maxPayloadOf, type NatsSession, sizeOf } from './session.ts';

/** Which deployment published an event. */
export const ORIGIN_HEADER = 'Haina-Origin';
export const ID_HEADER = 'Nats-Msg-Id';
/** How long an event was that a dead letter has a part of. */
const SIZE_HEADER = 'Haina-Size';
/** When an event comes again that could not be told now, in ms. */
const RETRY_AFTER = 1000;
const MAX_REASON_LENGTH = 500;
/** Longest subject of an event that a dead letter has as its own, in characters: with more, NATS would take no more than the line. */
const MAX_SUBJECT_LENGTH = 256;
/** The same, of the texts in the headers where NATS takes small messages only. */
const SHORT = 128;

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
  async take(message: JsMsg, session: NatsSession): Promise<void> {
    const { origin, taken, onError } = this.#deps;
    if (message.headers?.get(ORIGIN_HEADER) === origin) {
      taken('own');
      message.ack();
      return;
    }
    try {
      taken(await this.#receive(message, session));
      message.ack();
    } catch (error) {
      onError(error);
      message.nak(RETRY_AFTER);
    }
  }

  async #receive(message: JsMsg, session: NatsSession): Promise<EventOutcome | 'malformed'> {
    const { events, tenant } = this.#deps;
    const { stream, streamSequence } = message.info;
    const id = message.headers?.get(ID_HEADER) || `${stream}.${streamSequence}`;
    try {
      return (await events.receive(readEvent(message), { id, tenant, source: 'nats' })).outcome;
    } catch (error) {
      const refusal = toDomainError(error);
      if (refusal.code === 'EINTERNAL') throw error;
      await this.#bury(message, refusal, session);
      return 'malformed';
    }
  }

  /** As it came, with why and from where beside it; cut where that leaves no room for all of it, or where NATS refuses so much. */
  async #bury(message: JsMsg, refusal: DomainError, session: NatsSession): Promise<void> {
    const { subject, data } = message;
    const limit = maxPayloadOf(session);
    const whole = aboutDead(message, refusal);
    const about = sizeOf(whole) > limit / 2 ? aboutDead(message, refusal, SHORT) : whole;
    const kept = data.subarray(0, Math.max(limit - sizeOf(about), 0));
    const publish = async (part: Uint8Array) => {
      if (part.length === data.length) about.delete(SIZE_HEADER);
      else about.set(SIZE_HEADER, String(data.length));
      await session.jetstream.publish(this.#deadLetterOf(subject), part, { headers: about });
    };
    try {
      await publish(kept);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.#buryWithout(error, () => publish(kept.subarray(0, 0)));
    }
  }

  /** At least tells of an event that the dead letters can't hold. Told again and again, it would hold up the others. */
  async #buryWithout(refusal: Error, publish: () => Promise<void>): Promise<void> {
    try {
      await publish();
      this.#deps.onError(new Error('a dead letter is kept without its contents', { cause: refusal }));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#deps.onError(new Error('a dead letter is lost, as NATS refuses it', { cause: error }));
    }
  }

  #deadLetterOf(subject: string): string {
    const short = subject.slice(0, MAX_SUBJECT_LENGTH).replace(/\.$/, '');
    return `${this.#deps.deadLetter}.${short}`;
  }
}

/** @param longest characters of the subject and the reason */
function aboutDead(
  { subject, data, info }: JsMsg,
  { code, message }: DomainError,
  longest?: number,
): MsgHdrs {
  const { stream, streamSequence } = info;
  const about = headers();
  about.set(ID_HEADER, `${stream}.${streamSequence}`);
  about.set('Haina-Reason', printable(`${code}: ${message}`).slice(0, longest));
  about.set('Haina-Subject', subject.slice(0, longest));
  about.set('Haina-Stream', stream);
  about.set('Haina-Sequence', String(streamSequence));
  about.set(SIZE_HEADER, String(data.length));
  return about;
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
