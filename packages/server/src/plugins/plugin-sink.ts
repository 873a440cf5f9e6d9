import type { CoreEvent, EventSink, OnDemandType } from '../core/events.ts';
import type { Content, Message } from '../core/model.ts';
import { isShown } from '../core/on-demand.ts';
import { changedContent } from './changes.ts';
import { eventName, ON_DEMAND_NAMES } from './event-names.ts';
import type { Facts, Panel } from './panel.ts';
import { Turns } from './turns.ts';

/** Told where an event is kept from the sessions, with what refused it. */
export type OnKept = (event: CoreEvent, reason: unknown) => void;

/**
 * Lets plug-ins hear every event, and have a say in it before it is fanned out: once an event, never once a recipient.
 * The events of a topic keep their order while one of them waits for an answer.
 */
export class PluginSink implements EventSink {
  readonly #next: EventSink;
  readonly #panel: Panel;
  readonly #onKept: OnKept;
  readonly #turns = new Turns();

  constructor(next: EventSink, panel: Panel, onKept: OnKept) {
    this.#next = next;
    this.#panel = panel;
    this.#onKept = onKept;
  }

  publish(topics: readonly string[], event: CoreEvent): void {
    this.#panel.tell(eventName(event), factsOf(event), event);
    this.#pass(topics, event);
  }

  /** Takes events of other nodes, whose plug-ins have heard them: those of this one have a say in what its sessions are told. */
  get fromOthers(): EventSink {
    return {
      publish: (topics, event) => this.#pass(topics, event),
      notify: (topics, event) => this.notify(topics, event),
      isShown: (topics, type) => this.isShown(topics, type),
      settled: () => this.settled(),
    };
  }

  /** Lets whoever asked for it have a say, before it goes on. */
  #pass(topics: readonly string[], event: CoreEvent): void {
    const name = eventName(event);
    const facts = factsOf(event);
    const asked = this.#panel.wanting(name, facts);
    if (asked.length === 0 && this.#turns.isFree(topics)) {
      this.#next.publish(topics, event);
      return;
    }
    const question = { name, asked, input: event, apply: applyTo };
    void this.#publishInTurn(topics, event, this.#panel.ask(question));
  }

  /** Nobody has a say in it, but it must not overtake what waits for an answer. */
  notify(topics: readonly string[], event: CoreEvent): void {
    if (this.#turns.isFree(topics)) this.#next.notify(topics, event);
    else void this.#turns.take(topics, Promise.resolve()).then(() => this.#next.notify(topics, event));
  }

  /** Where something waits for an answer, whoever comes meanwhile is told of what is published behind it. */
  isShown(topics: readonly string[], type: OnDemandType): boolean {
    const isHeard = ON_DEMAND_NAMES[type].some((name) => this.#panel.hears(name));
    return isHeard || !this.#turns.isFree(topics) || isShown(this.#next, topics, type);
  }

  async settled(): Promise<void> {
    await this.#turns.settled();
    await this.#next.settled?.();
  }

  /** What is refused, or not answered, is kept from live sessions; what is stored comes with their next sync. */
  async #publishInTurn(
    topics: readonly string[],
    event: CoreEvent,
    asked: Promise<CoreEvent>,
  ): Promise<void> {
    try {
      this.#next.publish(topics, await this.#turns.take(topics, asked));
    } catch (error) {
      this.#onKept(event, error);
    }
  }
}

function applyTo(event: CoreEvent, change: object): CoreEvent {
  if (!('message' in event)) return event;
  const { message } = event;
  const content = changedContent(message.content, (change as { content: Partial<Content> }).content);
  return { ...event, message: { ...message, content } } as CoreEvent;
}

function factsOf(event: CoreEvent): Facts {
  const message: Message | undefined = 'message' in event ? event.message : undefined;
  if (message) return { tenant: message.tenant, dialect: message.source };
  if ('tenant' in event) return { tenant: event.tenant };
  if (event.type === 'service.changed') return { tenant: event.session.tenant };
  if (event.type === 'service.noted') return { tenant: event.note.tenant };
  if (event.type === 'notification') return { tenant: event.notification.tenant };
  return event.type === 'conversation.changed' ? { tenant: event.conversation.tenant } : {};
}
