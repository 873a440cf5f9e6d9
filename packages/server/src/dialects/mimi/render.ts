import type { MimiMessage } from '@haina/wire';
import type { CoreEvent } from '../../core/events.ts';
import type { Message } from '../../core/model.ts';
import { textOf } from './content.ts';

/**
 * A message as JSON. One that was changed looks as it is now, under the same ids: edited with its new text, recalled
 * without any.
 */
export function renderMessage(message: Message): MimiMessage {
  const { parties } = message;
  const isGone = message.state === 'recalled' || message.state === 'deleted';
  return {
    id: message.number,
    chatID: message.clientId,
    sender: parties.sender.name,
    reciver: parties.target.name,
    content: isGone ? '' : textOf(message.content),
    time: message.createdAt,
    senderId: parties.sender.uid,
    reciverId: parties.target.uid,
  };
}

/** Bodies by event: each is written once, however many shapes it goes out in. */
const bodies = new WeakMap<CoreEvent, Buffer>();

/** The event as a body; undefined for events that are no messages. */
export function messageBody(event: CoreEvent): Buffer | undefined {
  if (event.type !== 'message.created' && event.type !== 'message.changed') return undefined;
  let body = bodies.get(event);
  if (!body) {
    body = Buffer.from(JSON.stringify(renderMessage(event.message)));
    bodies.set(event, body);
  }
  return body;
}
