import { isIP } from 'node:net';
import { requireManager } from '../../core/access.ts';
import { WANTED_PATTERN } from '../../core/business-event.ts';
import { DomainError } from '../../core/errors.ts';
import {
  MAX_EVENT_WORD_LENGTH,
  MAX_SECRET_LENGTH,
  MAX_WANTED_EVENTS,
  MAX_WEBHOOK_URL_LENGTH,
  MIN_SECRET_LENGTH,
} from '../../core/limits.ts';
import type { Principal } from '../../core/model.ts';
import type { Clock, IdSource } from '../../core/ports/clock.ts';
import type { DeadLetter, EventStore, Webhook } from '../../core/ports/event-store.ts';
import type { Page } from '../../core/ports/page.ts';
import { requireLength } from '../../core/validate.ts';
import type { Targets } from '../targets.ts';
import { isPublicAddress } from './addresses.ts';

/** Webhooks of one tenant. */
const MAX_WEBHOOKS = 20;
const WANTED = new RegExp(WANTED_PATTERN);

export interface WebhookInput {
  readonly url: string;
  readonly events: readonly string[];
  /** Made by the server where absent. */
  readonly secret?: string;
}

/** A webhook as it may be shown again. */
export type WebhookView = Omit<Webhook, 'secret'>;

export interface WebhooksDeps {
  readonly store: Pick<
    EventStore,
    'createWebhook' | 'listWebhooks' | 'deleteWebhook' | 'listDeadLetters' | 'retryDeadLetter'
  >;
  readonly targets: Targets;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly allowPrivate: boolean;
  makeSecret(): string;
  /** A webhook is there. */
  added(webhook: Webhook): void;
  removed(id: string): void;
  /** What waited for one that is removed is to be removed, too. */
  webhookLeft(): void;
  /** There is one more, or one less. */
  changed(): Promise<void>;
  /** Something is due for this target now. */
  due(target: string): void;
}

/** Which addresses get a tenant's events. Managing them takes a manager. */
export class Webhooks {
  readonly #deps: WebhooksDeps;

  constructor(deps: WebhooksDeps) {
    this.#deps = deps;
  }

  /** Takes up what was made before the start. */
  async start(): Promise<void> {
    for (const webhook of await this.#deps.store.listWebhooks()) this.#take(webhook);
  }

  /** EPERM, EINVAL, ETOOLONG; ECONFLICT where there are too many. The secret is given once, here. */
  async create(actor: Principal, { url, events, secret }: WebhookInput): Promise<Webhook> {
    requireManager(actor);
    const { store, clock, ids, allowPrivate, makeSecret, changed } = this.#deps;
    const webhook: Webhook = {
      tenant: actor.tenant,
      id: ids.next(),
      url: requireUrl(url, allowPrivate),
      events: requireWanted(events),
      secret:
        secret === undefined
          ? makeSecret()
          : requireLength(secret, 'secret', MIN_SECRET_LENGTH, MAX_SECRET_LENGTH),
      createdBy: actor.userId,
      createdAt: clock.now(),
    };
    await store.createWebhook(webhook, MAX_WEBHOOKS);
    this.#take(webhook);
    await changed();
    return webhook;
  }

  /** EPERM. */
  list(actor: Principal): WebhookView[] {
    requireManager(actor);
    return this.#deps.targets.webhooks(actor.tenant).map(({ secret: _, ...shown }) => shown);
  }

  /** Ends it, with all that waits for it. EPERM, ENOENT. */
  async delete(actor: Principal, id: string): Promise<void> {
    requireManager(actor);
    const { store, targets, removed, webhookLeft, changed } = this.#deps;
    await store.deleteWebhook(actor.tenant, id);
    targets.remove({ tenant: actor.tenant, id });
    removed(id);
    webhookLeft();
    await changed();
  }

  /** What was given up, the newest first. EPERM. */
  async deadLetters(actor: Principal, page: Page): Promise<DeadLetter[]> {
    requireManager(actor);
    return this.#deps.store.listDeadLetters(actor.tenant, page);
  }

  /** Sends it again, with all tries anew. EPERM, ENOENT. */
  async retry(actor: Principal, id: string): Promise<void> {
    requireManager(actor);
    const { store, clock, due } = this.#deps;
    due(await store.retryDeadLetter(actor.tenant, id, clock.now()));
  }

  #take(webhook: Webhook): void {
    this.#deps.targets.add(webhook);
    this.#deps.added(webhook);
  }
}

function requireUrl(text: string, allowPrivate: boolean): string {
  const field = 'url';
  requireLength(text, field, 1, MAX_WEBHOOK_URL_LENGTH);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new DomainError('EINVAL', 'url must be an http or https URL', { field });
  }
  if (url.username !== '' || url.password !== '') {
    throw new DomainError('EINVAL', 'url must hold no name and password', { field });
  }
  // A dot at the end only says that the name is complete. What other names lead to is checked at each call.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.+$/, '');
  const isOurs = /(^|\.)localhost$/.test(host) || (isIP(host) !== 0 && !isPublicAddress(host));
  if (isOurs && !allowPrivate) {
    throw new DomainError('EINVAL', 'url must lead to a public address', { field });
  }
  return url.href;
}

function requireWanted(events: readonly string[]): string[] {
  const field = 'events';
  if (events.length === 0) throw new DomainError('EINVAL', 'events is empty', { field });
  if (events.length > MAX_WANTED_EVENTS) {
    throw new DomainError('ETOOLONG', `events has more than ${MAX_WANTED_EVENTS} entries`, {
      field,
      limit: MAX_WANTED_EVENTS,
    });
  }
  const unknown = events.find((wanted) => !isWanted(wanted));
  if (unknown === undefined) return [...new Set(events)];
  const form = 'a type such as communication.message.sent, a prefix such as business.*, or *';
  throw new DomainError('EINVAL', `events must each be ${form}`, { field });
}

function isWanted(wanted: string): boolean {
  return WANTED.test(wanted) && wanted.length <= MAX_EVENT_WORD_LENGTH;
}
