import { DomainError } from '../core/errors.ts';
import type { EventSink } from '../core/events.ts';
import type { Messages } from '../core/messages.ts';
import type { Content } from '../core/model.ts';
import { userTopic } from '../core/topics.ts';
import type { SentMessage } from './api.ts';
import { changedContent, readOutgoing, readSender } from './changes.ts';
import { COMMON_QUEUE } from './definition.ts';
import { sourceOf } from './panel.ts';
import type { HostCall } from './protocol.ts';

/** Longest value that a plug-in may publish, in bytes as JSON. */
const MAX_PUBLISHED = 65_536;

const EMPTY: Content = { type: 'text', text: '', extra: null };

export interface ServedCallsDeps {
  readonly messages: Messages;
  readonly sink: EventSink;
  /** Whether the queue is the plug-in's. */
  ownsQueue(plugin: string, queue: string): boolean;
}

/** Does what plug-ins ask of the server, on the server's side. */
export class ServedCalls {
  readonly #deps: ServedCallsDeps;

  constructor(deps: ServedCallsDeps) {
    this.#deps = deps;
  }

  /** Rejects with a `DomainError`. */
  async serve(plugin: string, { method, args }: HostCall): Promise<unknown> {
    return method === 'send' ? this.#send(plugin, args) : this.#publish(plugin, args);
  }

  async #send(plugin: string, [user, message]: readonly unknown[]): Promise<SentMessage> {
    const { target, content, clientId } = readOutgoing(message);
    const { tenant, userId, role, name } = readSender(user);
    const sent = await this.#deps.messages.send(
      { tenant, userId, role, name },
      {
        target,
        content: changedContent(EMPTY, content as Partial<Content>),
        source: sourceOf(plugin),
        ...(clientId === undefined ? {} : { clientId }),
      },
    );
    const { id, conversationId, seq } = sent.message;
    return { id, conversationId, seq };
  }

  #publish(plugin: string, [tenant, userId, queue, value = null]: readonly unknown[]): void {
    if (typeof tenant !== 'string' || typeof userId !== 'string') {
      throw new DomainError('EINVAL', 'publish needs a user with tenant and userId', { field: 'user' });
    }
    if (typeof queue !== 'string' || !(COMMON_QUEUE.test(queue) || this.#deps.ownsQueue(plugin, queue))) {
      const allowed = `one of the queues of ${plugin}, or one such as /user/queue/x.hello`;
      throw new DomainError('EINVAL', `queue must be ${allowed}`, { field: 'queue' });
    }
    const body = JSON.stringify(value);
    if (Buffer.byteLength(body) > MAX_PUBLISHED) {
      throw new DomainError('ETOOLONG', `value has more than ${MAX_PUBLISHED} bytes`, {
        field: 'value',
        limit: MAX_PUBLISHED,
      });
    }
    this.#deps.sink.publish([userTopic(tenant, userId)], { type: 'user.told', tenant, userId, queue, body });
  }
}
