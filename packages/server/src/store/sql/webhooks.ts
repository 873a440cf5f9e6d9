import type { Webhook } from '../../core/ports/event-store.ts';
import { requireWebhook, requireWebhookRoom } from '../../core/rules/outbox.ts';
import { all, get, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';

interface WebhookRow {
  tenant: string;
  id: string;
  url: string;
  events: string;
  secret: string;
  created_by: string;
  created_at: number;
}

/** SQL of webhooks. Runs inside the worker thread, writes inside its transaction. */
export class WebhookTable {
  readonly #tenants: Tenants;

  constructor(tenants: Tenants) {
    this.#tenants = tenants;
  }

  *create({ tenant, id, url, events, secret, createdBy, createdAt }: Webhook, maxWebhooks: number): Op<void> {
    // How many there are is counted by one at a time.
    yield* this.#tenants.lock(tenant);
    const count = 'SELECT count(*) AS n FROM webhook WHERE tenant = ?';
    const { n } = (yield* get<{ n: number }>(count, tenant)) as { n: number };
    requireWebhookRoom(n, maxWebhooks);
    yield* run(
      'INSERT INTO webhook (tenant, id, url, events, secret, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      tenant,
      id,
      url,
      JSON.stringify(events),
      secret,
      createdBy,
      createdAt,
    );
  }

  *list(): Op<Webhook[]> {
    const rows = yield* all<WebhookRow>(
      'SELECT tenant, id, url, events, secret, created_by, created_at FROM webhook ORDER BY pk',
    );
    return rows.map(({ events, created_by, created_at, ...row }) => ({
      ...row,
      events: JSON.parse(events) as string[],
      createdBy: created_by,
      createdAt: created_at,
    }));
  }

  *delete(tenant: string, id: string): Op<void> {
    const changes = yield* run('DELETE FROM webhook WHERE tenant = ? AND id = ?', tenant, id);
    requireWebhook(changes > 0, id);
  }
}
