import type { NotificationCursor } from '../../core/ports/notification-store.ts';
import type { PendingCursor } from '../../core/ports/position-store.ts';
import type { PeerQuery, Store } from '../../core/ports/store.ts';
import { membershipsOf } from '../contract/fixture.ts';
import { afterLast, type Look, look, pages } from './looks.ts';
import { NETWORKS, NOWHERE, type TenantModel, USER_IDS } from './world.ts';

/** Of few items, so that lists have several pages. */
const LIMIT = 3;
const NAMES = ['ann', 'Ann', 'bob', 'b0b', 'zoe', 'ZOË', '张三', 'x_y', 'bob.1', 'agt1.0'] as const;

/** Who there may be in a tenant: users, former ones, and nobody. */
export function whoEver({ users }: TenantModel): string[] {
  return [...new Set([...users, ...USER_IDS, 'ann~1', 'bob~1', NOWHERE])];
}

/** What a tenant has beside its conversations. */
export function* tenantLooks(model: TenantModel): Generator<Look> {
  const { id: tenant, files } = model;
  const users = [...model.users];
  yield look('findChatSettings', tenant);
  yield look('listUsersByIds', tenant, whoEver(model));
  for (const name of NAMES) yield look('findCredentials', tenant, name);
  for (const name of ['listUsers', 'listRooms', 'listGroups', 'listAudit', 'listDeadLetters'] as const) {
    yield pages(
      name,
      [tenant],
      (store, after?: string) =>
        store[name](tenant, { limit: LIMIT, ...(after === undefined ? {} : { after }) }) as Promise<
          { id: string }[]
        >,
      afterLast(LIMIT, ({ id }) => id),
    );
  }
  for (const id of [...files.map((file) => file.id), NOWHERE]) {
    for (const viewerId of users) yield look('findFile', { tenant, id, viewerId, isManager: false });
    yield look('findFile', { tenant, id, viewerId: NOWHERE, isManager: true });
  }
}

/** What each user has. */
export function* userLooks(model: TenantModel, now: number): Generator<Look> {
  const tenant = model.id;
  for (const userId of whoEver(model)) {
    yield look('findUser', tenant, userId);
    yield look('findAccount', tenant, userId);
    yield look('findChatPermission', tenant, userId);
    for (const network of model.users.has(userId) ? NETWORKS : [])
      yield look('hasLoggedIn', tenant, userId, network);
    yield* memberships(tenant, userId);
    yield* [3, 100].map((maxMembers) => peers({ tenant, userId, maxMembers, limit: 100 }));
    yield look('listGroups', tenant, { limit: 100 }, userId);
    yield look('listPins', { tenant, userId });
    yield look('listUntoldNotifications', { tenant, userId, now, limit: 2 });
    yield look('listUntoldNotifications', { tenant, userId, now, limit: 100 });
    yield look('findOpenService', tenant, userId);
    yield* listLooks(tenant, userId, now);
  }
}

/** In any order: sorting a great many only to tell a few would cost too much. */
function peers(query: PeerQuery): Look {
  return { name: 'listPeers', args: [query], read: async (store) => (await store.listPeers(query)).sort() };
}

/** In any order, too. */
function* memberships(tenant: string, userId: string): Generator<Look> {
  const of = { tenant, userId };
  yield { name: 'listMemberships', args: [of], read: (store) => membershipsOf(store, tenant, userId) };
  const rest = { ...of, after: 0, limit: 1000 };
  const read = async (store: Store) => (await store.listFurtherMemberships(rest)).conversationIds.toSorted();
  yield { name: 'listFurtherMemberships', args: [rest], read };
}

function* listLooks(tenant: string, userId: string, now: number): Generator<Look> {
  const query = { tenant, userId, limit: LIMIT };
  yield pages(
    'listConversations',
    [query],
    (store, before?: number) =>
      store.listConversations({ ...query, ...(before === undefined ? {} : { before }) }),
    afterLast(LIMIT, ({ activity }) => activity),
  );
  yield pages(
    'listNotifications',
    [{ ...query, now }],
    (store, after?: NotificationCursor) =>
      store.listNotifications({ ...query, now, ...(after && { after }) }),
    afterLast(LIMIT, ({ notification: { at, id }, readAt }) => ({ isRead: readAt !== null, at, id })),
  );
  for (const order of ['conversation', 'time'] as const) {
    yield pages(
      'listPending',
      [{ ...query, order }],
      (store, cursor?: PendingCursor) => store.listPending({ ...query, order, ...(cursor && { cursor }) }),
      ({ next }) => next,
    );
  }
}
