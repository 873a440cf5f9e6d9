import { DomainError } from './errors.ts';
import type { Broadcast, EventSink } from './events.ts';
import type { Limits } from './limits.ts';
import { requireRate } from './message-access.ts';
import type { Principal } from './model.ts';
import { type Policies, requireWriter } from './policies.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { broadcastTopic } from './topics.ts';
import { requireLength } from './validate.ts';

export const MAX_TOPIC_LENGTH = 200;
/** What the desk's agents see of it goes by this name. */
const DESK_NAME = 'agents';

/** Headers that tell who somebody is. They are the sender's business, whatever they were sent for. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'login',
  'passcode',
  'srect',
  'token',
  'usersig',
]);

export type BroadcastInput = Pick<Broadcast, 'name' | 'contentType' | 'headers' | 'body'>;

export interface BroadcastsDeps {
  readonly sink: EventSink;
  readonly limits: Limits;
  readonly rate: RateLimiter;
  readonly policies: Policies;
}

/** What is told to all who listen to a name at this moment. */
export class Broadcasts {
  readonly #deps: BroadcastsDeps;

  constructor(deps: BroadcastsDeps) {
    this.#deps = deps;
  }

  /**
   * Tells all subscribers of the name in the actor's tenant. EPERM for the role user, and for one who may only read;
   * EINVAL, ETOOLONG, ERATE.
   */
  async send(actor: Principal, { name, headers, ...content }: BroadcastInput): Promise<void> {
    const { sink, limits, rate, policies } = this.#deps;
    if (actor.role === 'user') throw new DomainError('EPERM', 'customers do not send to topics');
    if (requireBroadcastName(name) === DESK_NAME) {
      throw new DomainError('EPERM', `only the server broadcasts to ${DESK_NAME}`, { field: 'topic' });
    }
    requireWriter(await policies.of(actor));
    requireRate(rate, limits, actor);
    const { tenant, userId: senderId } = actor;
    const shown = headers.filter(([header]) => !CREDENTIALS.has(header.toLowerCase()));
    sink.publish([broadcastTopic(tenant, name)], {
      type: 'broadcast',
      tenant,
      name,
      senderId,
      headers: shown,
      ...content,
    });
  }
}

/** Returns the name if broadcasts may have it; else throws EINVAL or ETOOLONG. */
export function requireBroadcastName(name: string): string {
  if (name.startsWith('/')) {
    throw new DomainError('EINVAL', 'topic is a name, without the /topic/ of its destination', {
      field: 'topic',
    });
  }
  return requireLength(name, 'topic', 1, MAX_TOPIC_LENGTH);
}
