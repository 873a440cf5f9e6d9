import type { Broadcast } from '../events.ts';
import type { Telling } from './telling.ts';

/** A broadcast's body in base64, as JSON has no bytes. */
type PlainBroadcast = Omit<Broadcast, 'body'> & { readonly base64: string };

/** A telling as it goes to other nodes: plain data. */
export type PlainTelling = Omit<Telling, 'event'> & {
  readonly event: Exclude<Telling['event'], Broadcast> | PlainBroadcast;
};

export function toPlain({ event, ...telling }: Telling): PlainTelling {
  if (event.type !== 'broadcast') return { ...telling, event };
  const { body, ...others } = event;
  return { ...telling, event: { ...others, base64: Buffer.from(body).toString('base64') } };
}

export function fromPlain({ event, ...telling }: PlainTelling): Telling {
  if (event.type !== 'broadcast') return { ...telling, event };
  const { base64, ...others } = event;
  return { ...telling, event: { ...others, body: Buffer.from(base64, 'base64') } };
}
