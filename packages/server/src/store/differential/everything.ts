import type { EmptyRoom } from '../../core/ports/room-store.ts';
import type { Store } from '../../core/ports/store.ts';
import { conversationLooks } from './everything-conversations.ts';
import { deskLooks } from './everything-desk.ts';
import { tenantLooks, userLooks } from './everything-users.ts';
import { afterLast, type Look, look, pages } from './looks.ts';
import type { World } from './world.ts';

/** All that can be read of what a history was about, by every operation that reads. */
export function* everything(world: World): Generator<Look> {
  yield* globalLooks(world);
  for (const tenant of world.tenants) {
    yield* tenantLooks(tenant);
    yield* deskLooks(tenant, world.now);
    yield* userLooks(tenant, world.now);
    yield* conversationLooks(tenant);
  }
}

/** After everything that a history names. */
const END_OF_TIME = Number.MAX_SAFE_INTEGER - 1;

/** What waits in the outbox is seen by taking it: to be asked last. */
export function* waiting(world: World): Generator<Look> {
  for (const target of targetsOf(world)) {
    yield look('claimDeliveries', {
      target,
      now: END_OF_TIME,
      until: END_OF_TIME + 1,
      limit: 1000,
      inOrder: false,
    });
  }
}

function targetsOf(world: World): string[] {
  return ['', ...world.tenants.flatMap(({ webhooks }) => [...webhooks])];
}

/** Where a record ends and the next one begins, and who wrote it, are the store's own affair. */
async function logged(store: Store): Promise<unknown> {
  return (await store.listLog(1000)).flatMap(({ entries }) => entries);
}

function* globalLooks(world: World): Generator<Look> {
  const limit = 2;
  yield look('ping');
  yield look('probe');
  yield look('listWebhooks');
  yield look('nextNotificationDue');
  yield { name: 'listLog', args: [1000], read: logged };
  yield look('listWaitingTenants');
  yield look('countServices');
  for (const target of targetsOf(world)) yield look('nextDeliveryDue', target);
  const rooms = { createdBefore: world.now + 1, limit };
  yield pages(
    'listEmptyGuestRooms',
    [rooms],
    (store, after?: number) => store.listEmptyGuestRooms({ ...rooms, after: after ?? 0 }),
    afterLast(limit, ({ place }: EmptyRoom) => place),
  );
  yield pages(
    'listOpenCustomers',
    [limit],
    (store, after?: number) => store.listOpenCustomers(after ?? 0, limit),
    ({ next }) => next,
  );
}
