import type { StompFrame, StompVersion } from '@haina/wire';
import { isDeeper, MAX_EXTRA_DEPTH } from '../../core/content.ts';
import { DomainError } from '../../core/errors.ts';
import type { CoreEvent } from '../../core/events.ts';
import { decodeUtf8, parseJson } from '../../core/json.ts';
import type { JsonValue } from '../../core/model.ts';
import type { Shape } from '../../hub/fan-out.ts';
import type { StompSubscription } from '../../stomp/handler.ts';
import type { AddedDestination, SessionFacts } from './session-hooks.ts';
import { stompShape } from './stomp-shape.ts';

/** Hands a SEND to the plug-in that added its destination. EINVAL for a body that is neither JSON nor text. */
export async function handleAdded(
  added: AddedDestination,
  session: SessionFacts,
  { headers, body }: StompFrame,
  reply: (body: Uint8Array) => void,
): Promise<void> {
  const destination = headers.get('destination') ?? '';
  const request = { session, destination, body: readBody(headers.get('content-type'), body) };
  await added.handle(request, (json) => reply(Buffer.from(json)));
}

/** What plug-ins tell at one of their queues. */
export function addedQueueShape(
  version: StompVersion,
  subscription: StompSubscription,
  queue: string,
): Shape {
  const write = (event: CoreEvent): Uint8Array | undefined =>
    event.type === 'user.told' && event.queue === queue ? Buffer.from(event.body) : undefined;
  return stompShape(`added/${queue}`, version, subscription, { write, shows: [] });
}

function readBody(contentType = 'application/json', body: Uint8Array): JsonValue {
  if (contentType.startsWith('text/')) return decodeUtf8(body);
  const value = parseJson(body) as JsonValue;
  if (!isDeeper(value, MAX_EXTRA_DEPTH)) return value;
  throw new DomainError('EINVAL', `the body is nested deeper than ${MAX_EXTRA_DEPTH} levels`, {
    field: 'body',
    limit: MAX_EXTRA_DEPTH,
  });
}
