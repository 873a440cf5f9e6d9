import type { Webhook } from '../core/ports/event-store.ts';

/** The outbox's name for the message bus. No webhook's id is empty. */
export const BUS = '';

/** Where events go: to the message bus, where there is one, and to the webhooks of their tenant that ask for them. */
export class Targets {
  readonly #hasBus: boolean;
  readonly #webhooks = new Map<string, Map<string, Webhook>>();

  constructor(hasBus: boolean) {
    this.#hasBus = hasBus;
  }

  /** False where no event goes anywhere, so that nobody needs to be told of one. */
  get isAny(): boolean {
    return this.#hasBus || this.#webhooks.size > 0;
  }

  add(webhook: Webhook): void {
    const ofTenant = this.#webhooks.get(webhook.tenant) ?? new Map<string, Webhook>();
    ofTenant.set(webhook.id, webhook);
    this.#webhooks.set(webhook.tenant, ofTenant);
  }

  remove({ tenant, id }: Pick<Webhook, 'tenant' | 'id'>): void {
    const ofTenant = this.#webhooks.get(tenant);
    ofTenant?.delete(id);
    if (ofTenant?.size === 0) this.#webhooks.delete(tenant);
  }

  webhooks(tenant: string): Webhook[] {
    return [...(this.#webhooks.get(tenant)?.values() ?? [])];
  }

  /** Of one event. */
  of(tenant: string, eventType: string): string[] {
    const webhooks = this.#webhooks.get(tenant)?.values() ?? [];
    const asked = [...webhooks].filter(({ events }) => events.some((wanted) => matches(wanted, eventType)));
    return [...(this.#hasBus ? [BUS] : []), ...asked.map(({ id }) => id)];
  }
}

/** @param wanted a type, a prefix of types that ends in `.*`, or `*` */
function matches(wanted: string, eventType: string): boolean {
  if (wanted === '*' || wanted === eventType) return true;
  return wanted.endsWith('.*') && eventType.startsWith(wanted.slice(0, -1));
}
