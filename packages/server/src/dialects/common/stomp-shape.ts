import type { StompVersion } from '@haina/wire';
import type { CoreEvent, OnDemandType } from '../../core/events.ts';
import type { FanOutItem, Shape } from '../../hub/fan-out.ts';
import { traceOf } from '../../hub/trace.ts';
import type { StompSubscription, TrackedDelivery } from '../../stomp/handler.ts';
import { messagePayload, type OutgoingMessage } from '../../stomp/output.ts';

/** Writes an event's body; undefined for events that do not go to this destination. */
export type BodyWriter = (event: CoreEvent) => Uint8Array | undefined;

/** What a MESSAGE says, where that is more than a body of one type. */
export type StompContent = Pick<OutgoingMessage, 'body' | 'contentType' | 'headers'>;

/** A form of bodies that are all of one type. */
export interface BodyForm {
  readonly write: BodyWriter;
  /** The events on demand that it writes. */
  readonly shows: readonly OnDemandType[];
  /** JSON where absent. */
  readonly contentType?: string;
}

export const JSON_TYPE = 'application/json';

/**
 * The shape of MESSAGE frames for all subscriptions that agree in version, destination, id and acknowledgement.
 *
 * @param body the dialect, the kind of body and its encoding, as part of the shape's key
 */
export function stompShape(
  body: string,
  version: StompVersion,
  subscription: StompSubscription,
  { write, shows, contentType = JSON_TYPE }: BodyForm,
): Shape {
  const writeContent = (event: CoreEvent) => {
    const bytes = write(event);
    return bytes && { contentType, body: bytes };
  };
  return stompContentShape(body, version, subscription, { write: writeContent, shows });
}

interface ContentForm extends Pick<BodyForm, 'shows'> {
  write(event: CoreEvent): StompContent | undefined;
}

/** As `stompShape`, of events that bring their own type and headers. */
export function stompContentShape(
  body: string,
  version: StompVersion,
  subscription: StompSubscription,
  { write, shows }: ContentForm,
): Shape {
  const { id, destination, ack, anonymous } = subscription;
  const shared = { id, destination, anonymous };
  return {
    key: JSON.stringify([body, version, destination, anonymous ? null : id, ack]),
    shows,
    render(event) {
      const content = write(event);
      if (!content) return undefined;
      const messageId = frameId(event, id);
      const message = { ...content, messageId };
      return messagePayload(ack === 'auto' ? message : { ...message, ackId: messageId }, shared, version);
    },
  };
}

/**
 * What a subscription with acknowledgements remembers of an item of its shape: a trace, not what it said.
 *
 * @param isProof whether an acknowledgement proves that the message was delivered
 */
export function trackedBy(
  { id }: StompSubscription,
  isProof: boolean,
): (item: FanOutItem) => TrackedDelivery {
  return (item) => {
    const messageId = frameId(item.event, id);
    return { messageId, ackId: messageId, token: isProof ? traceOf(item.event) : undefined };
  };
}

/** A JSON message to one subscription that tells no event: nothing is delivered by it. */
export function sendJson(session: StompSender, subscription: StompSubscription, value: unknown): void {
  sendBody(session, subscription, Buffer.from(JSON.stringify(value)), JSON_TYPE);
}

/** A message of any type to one subscription that tells no event. */
export function sendBody(
  session: StompSender,
  subscription: StompSubscription,
  body: Uint8Array,
  contentType: string,
): void {
  const messageId = `${++otherFrames}@${subscription.id}`;
  const message = { messageId, contentType, body };
  if (subscription.ack === 'auto') session.send(subscription, message);
  else
    session.send(subscription, { ...message, ackId: messageId }, [
      { messageId, ackId: messageId, token: undefined },
    ]);
}

interface StompSender {
  send(
    subscription: StompSubscription,
    message: { messageId: string; ackId?: string; contentType: string; body: Uint8Array },
    tracked?: readonly TrackedDelivery[],
  ): boolean;
}

let otherFrames = 0;
const otherFrameIds = new WeakMap<CoreEvent, string>();

/** Unique in a connection: a changed message has another than the original, and each subscription has its own. */
function frameId(event: CoreEvent, subscriptionId: string): string {
  if (event.type === 'message.created' || event.type === 'message.changed') {
    const { id, revision } = event.message;
    return `${id}${revision === 0 ? '' : `.${revision}`}@${subscriptionId}`;
  }
  let id = otherFrameIds.get(event);
  if (!id) {
    id = String(++otherFrames);
    otherFrameIds.set(event, id);
  }
  return `${id}@${subscriptionId}`;
}
