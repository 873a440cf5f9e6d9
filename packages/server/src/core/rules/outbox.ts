import { DomainError } from '../errors.ts';

/** Throws ECONFLICT where a tenant has as many webhooks as it may have. */
export function requireWebhookRoom(webhooks: number, maxWebhooks: number): void {
  if (webhooks < maxWebhooks) return;
  throw new DomainError('ECONFLICT', `there may be ${maxWebhooks} webhooks`, { limit: maxWebhooks });
}

/** Throws ENOENT unless a webhook was found. */
export function requireWebhook(found: unknown, id: string): asserts found {
  if (!found) throw new DomainError('ENOENT', `no webhook ${id}`, { field: 'id' });
}

/** Throws ENOENT unless an event was found that was given up. */
export function requireDeadLetter(found: unknown, id: string): asserts found {
  if (!found) throw new DomainError('ENOENT', `no dead letter ${id}`, { field: 'id' });
}
