import type { PendingCursor } from '../../core/ports/position-store.ts';
import { afterLast, type Look, look, pages } from './looks.ts';
import { GROUP_IDS, NOWHERE, ROOM_IDS, type TenantModel } from './world.ts';

const LIMIT = 4;

/** What each conversation has, and what each user has of it. */
export function* conversationLooks(model: TenantModel): Generator<Look> {
  const tenant = model.id;
  const conversations = new Set([...model.conversations, ...GROUP_IDS, ...ROOM_IDS, NOWHERE]);
  for (const id of conversations) {
    yield look('findConversation', tenant, id);
    yield look('findRoom', tenant, id);
    yield pages(
      'listMembers',
      [tenant, id],
      (store, after?: string) =>
        store.listMembers(tenant, id, { limit: LIMIT, ...(after === undefined ? {} : { after }) }),
      afterLast(LIMIT, ({ userId }) => userId),
    );
    const joining = [...model.users].map((userId) => ({ userId, role: 'member' as const }));
    yield look('listJoining', { tenant, conversationId: id, members: joining });
    yield* historyLooks(tenant, id, NOWHERE, true);
    for (const userId of model.users) yield* memberLooks(model, id, userId);
  }
  yield* messageLooks(model);
}

function* memberLooks(model: TenantModel, conversationId: string, userId: string): Generator<Look> {
  const tenant = model.id;
  const query = { tenant, userId, conversationId };
  yield look('findMember', tenant, conversationId, userId);
  const members = model.membersOf(conversationId);
  // Of all who are none, who see little, two do.
  const others = [...model.users].filter((id) => !members.includes(id)).slice(0, 2);
  if (model.lastSeq(conversationId) === 0 || ![...members, ...others].includes(userId)) return;
  yield* historyLooks(tenant, conversationId, userId, false);
  yield look('listHidden', tenant, conversationId, userId);
  yield look('listPins', query);
  yield look('listUnread', { ...query, after: 0, upTo: 1_000_000, limit: 100 });
  yield look('listUnread', { ...query, after: 1, upTo: 4, limit: 2 });
  yield look('findPeerReach', tenant, conversationId, userId);
  yield pendingLook(query);
  yield pendingLook({ ...query, sinceSeq: 1 });
}

function pendingLook(query: {
  tenant: string;
  userId: string;
  conversationId: string;
  sinceSeq?: number;
}): Look {
  const limited = { ...query, limit: LIMIT };
  return pages(
    'listPending',
    [limited],
    (store, cursor?: PendingCursor) => store.listPending({ ...limited, ...(cursor && { cursor }) }),
    ({ next }) => next,
  );
}

/** Backwards and forwards. */
function* historyLooks(
  tenant: string,
  conversationId: string,
  viewerId: string,
  seesAll: boolean,
): Generator<Look> {
  for (const from of ['before', 'after'] as const) {
    const query = { tenant, conversationId, viewerId, limit: LIMIT, ...(seesAll ? { seesAll } : {}) };
    yield pages(
      'listMessages',
      [{ ...query, from }],
      (store, seq: number | undefined = from === 'after' ? 0 : 1_000_000) =>
        store.listMessages({ ...query, [from]: seq }),
      (messages) => {
        const last = from === 'after' ? messages.at(-1) : messages[0];
        return messages.length < LIMIT ? undefined : last?.seq;
      },
    );
  }
}

function* messageLooks(model: TenantModel): Generator<Look> {
  const tenant = model.id;
  const viewers = [...model.users].slice(0, 2);
  for (const ref of ['1', '2', ...model.messages.map(({ id }) => id)]) {
    for (const viewerId of viewers) {
      yield look('findMessage', { tenant, ref, viewerId, prefer: ref.length % 2 === 0 ? 'own' : 'received' });
    }
  }
}
