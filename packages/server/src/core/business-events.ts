import { requireManager } from './access.ts';
import { type BusinessEvent, categoryOf, type EventCategory, toBusinessEvent } from './business-event.ts';
import { DomainError } from './errors.ts';
import type { BusinessEventTold, EventSink } from './events.ts';
import type { Limits } from './limits.ts';
import type { JsonValue, Principal } from './model.ts';
import { listPeers } from './peers.ts';
import type { Clock, IdSource } from './ports/clock.ts';
import type { ConversationStore } from './ports/conversation-store.ts';
import { SeenIds } from './seen-ids.ts';
import { conversationTopic, tenantTopic, userTopic } from './topics.ts';

/** Events that one call of the API may bring. */
export const MAX_EVENTS = 100;
/** Bytes of the ids of events whose repeats are recognised: some 100 000 as a rule. */
const MAX_SEEN_BYTES = 16_777_216;

/** What became of an event: told, known already, or one that this deployment had published itself. */
export type EventOutcome = 'told' | 'repeat' | 'own';

export interface ReceivedEvent {
  readonly eventId: string;
  readonly outcome: EventOutcome;
}

export interface BusinessEventsDeps {
  readonly store: Pick<ConversationStore, 'findMember' | 'listPeers'>;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: Limits;
  /** What this deployment's own events carry as their `origin`. */
  readonly origin: string;
}

/**
 * Events of other systems, on their way to the users they concern. They are told and not stored, change nothing in the
 * domain, and are not published again.
 */
export class BusinessEvents {
  readonly #deps: BusinessEventsDeps;
  readonly #seen = new SeenIds(MAX_SEEN_BYTES);

  constructor(deps: BusinessEventsDeps) {
    this.#deps = deps;
  }

  /**
   * Takes events of the actor's tenant; all of them are checked before the first is told. EPERM, EINVAL and ETOOLONG, naming
   * the field.
   */
  async post(actor: Principal, input: unknown): Promise<ReceivedEvent[]> {
    requireManager(actor);
    const events = this.#readAll(input);
    for (const { appId = actor.tenant } of events) {
      if (appId === actor.tenant) continue;
      throw new DomainError('EPERM', "appId is not the token's application", { field: 'appId' });
    }
    const received: ReceivedEvent[] = [];
    for (const event of events) received.push(await this.#receive(actor.tenant, event, 'api'));
    return received;
  }

  /**
   * Takes one event of a system that is trusted with all tenants.
   *
   * @param id of an event that brings none
   * @param tenant of an event that names none
   * @param source how it came, for clients to see
   */
  async receive(
    data: unknown,
    { id, tenant, source }: { id: string; tenant: string; source: string },
  ): Promise<ReceivedEvent> {
    const event = toBusinessEvent(data, () => id);
    return this.#receive((event.appId as string | undefined) ?? tenant, event, source);
  }

  #readAll(input: unknown): BusinessEvent[] {
    const makeId = () => this.#deps.ids.next();
    if (!Array.isArray(input)) return [toBusinessEvent(input, makeId)];
    if (input.length > MAX_EVENTS) {
      throw new DomainError('ETOOLONG', `the body has more than ${MAX_EVENTS} events`, {
        field: 'body',
        limit: MAX_EVENTS,
      });
    }
    return input.map((data, index) => atIndex(index, () => toBusinessEvent(data, makeId)));
  }

  async #receive(tenant: string, event: BusinessEvent, source: string): Promise<ReceivedEvent> {
    const { eventId } = event;
    if (event.origin === this.#deps.origin) return { eventId, outcome: 'own' };
    const key = `${tenant}/${eventId}`;
    if (!this.#seen.add(key)) return { eventId, outcome: 'repeat' };
    try {
      await this.#tell(tenant, event, source);
    } catch (error) {
      this.#seen.delete(key);
      throw error;
    }
    return { eventId, outcome: 'told' };
  }

  async #tell(tenant: string, event: BusinessEvent, source: string): Promise<void> {
    const category = categoryOf(event.eventType) as EventCategory;
    const told: BusinessEventTold = {
      type: 'business',
      tenant,
      category,
      event,
      source,
      isPersonal: false,
      at: this.#deps.clock.now(),
    };
    if (category === 'user') await this.#tellOfUser(told);
    else await this.#tellConcerned(told);
  }

  /** Those who share a conversation with the user, and the user itself at its events only. */
  async #tellOfUser(told: BusinessEventTold): Promise<void> {
    const { sink } = this.#deps;
    const { tenant, event } = told;
    const [userId, ...others] = namedUsers(event);
    if (userId === undefined) return;
    const audience = new Set([...(await listPeers(this.#deps, tenant, userId)), ...others]);
    sink.publish(
      [...audience].map((peer) => userTopic(tenant, peer)),
      told,
    );
    sink.publish([userTopic(tenant, userId)], { ...told, isPersonal: true });
  }

  /** The conversation, in one publication however many members it has, and who is named beside it. */
  async #tellConcerned(told: BusinessEventTold): Promise<void> {
    const { tenant, event, category } = told;
    const topics = await this.#topicsOf(tenant, conversationOf(event), namedUsers(event));
    if (category !== 'system') this.#deps.sink.publish(topics, told);
    else if (topics.length > 0) this.#deps.sink.publish(topics, { ...told, isPersonal: true });
    // Settings that name nobody are everybody's.
    else if (event.eventType.startsWith('business.config.')) {
      this.#deps.sink.publish([tenantTopic(tenant)], told);
    }
  }

  async #topicsOf(
    tenant: string,
    conversationId: string | undefined,
    named: readonly string[],
  ): Promise<string[]> {
    const { store } = this.#deps;
    const pair = conversationId === undefined ? undefined : pairOf(conversationId);
    if (pair || conversationId === undefined) {
      return [...new Set([...(pair ?? []), ...named])].map((userId) => userTopic(tenant, userId));
    }
    const members = await Promise.all(named.map((id) => store.findMember(tenant, conversationId, id)));
    // A message's receiver may be its conversation.
    const outsiders = named.filter((id, index) => !members[index] && id !== conversationId);
    return [
      conversationTopic(tenant, conversationId),
      ...outsiders.map((userId) => userTopic(tenant, userId)),
    ];
  }
}

/** Where an event names users, the one it is about first. */
const USER_FIELDS = ['userId', 'memberId', 'creatorId', 'operatorId', 'senderId', 'receiverId'];
const USER_LISTS = ['userIds', 'memberIds'];

function namedUsers(event: BusinessEvent): string[] {
  const single = USER_FIELDS.map((field) => event[field]);
  const listed = USER_LISTS.flatMap((field) => event[field] ?? []);
  const named = [...single, ...(listed as JsonValue[])];
  return [...new Set(named.filter((id): id is string => typeof id === 'string' && id !== ''))];
}

function conversationOf({ conversationId, groupId }: BusinessEvent): string | undefined {
  const id = conversationId ?? groupId;
  return typeof id === 'string' && id !== '' ? id : undefined;
}

/** The two users of a single conversation, by its id. */
function pairOf(conversationId: string): string[] | undefined {
  const [kind, ...users] = conversationId.split(':');
  return kind === 'single' && users.length === 2 ? users : undefined;
}

/** Refusals name the event's place in the list. */
function atIndex<T>(index: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const { code, message, field, limit } = error;
    throw new DomainError(code, `event ${index}: ${message}`, {
      field: `${index}.${field ?? 'body'}`,
      ...(limit === undefined ? {} : { limit }),
      cause: error,
    });
  }
}
