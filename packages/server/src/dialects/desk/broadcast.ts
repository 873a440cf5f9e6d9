import { isUtf8 } from 'node:buffer';
import type { Broadcast, CoreEvent } from '../../core/events.ts';
import type { StompContent } from '../common/stomp-shape.ts';

/**
 * Broadcasts as their senders made them.
 *
 * @param carriesBinary whether the transport takes any bytes; where it carries text only, others are left out
 */
export function broadcastContent(carriesBinary: boolean): (event: CoreEvent) => StompContent | undefined {
  return (event) => {
    if (event.type !== 'broadcast' || !(carriesBinary || isText(event))) return undefined;
    const { contentType, headers, body } = event;
    return { headers, body, ...(contentType === undefined ? {} : { contentType }) };
  };
}

function isText({ body }: Broadcast): boolean {
  return isUtf8(body);
}
