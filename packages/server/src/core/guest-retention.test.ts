import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CoreEvent } from './events.ts';
import { GuestRetention } from './guest-retention.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { tellingStore } from './log/telling-store.ts';
import type { EmptyRoomQuery, GuestPurge } from './ports/room-store.ts';

function setUp({ kept = 1000, rooms = [] as string[], attended = [] as string[], messages = 0 }) {
  const purges: GuestPurge[] = [];
  const deleted: string[] = [];
  const events: CoreEvent[] = [];
  let left = messages;
  const store = {
    async purgeGuestMessages(purge: GuestPurge) {
      purges.push(purge);
      const removed = Math.min(left, purge.limit);
      left -= removed;
      return removed;
    },
    async listEmptyGuestRooms({ after, limit }: EmptyRoomQuery) {
      const all = rooms.map((id, index) => ({ tenant: 't', id, place: index + 1 }));
      return all.filter(({ id, place }) => place > after && !deleted.includes(id)).slice(0, limit);
    },
    async deleteRoom(_tenant: string, id: string) {
      deleted.push(id);
      return { kind: 'room', tenant: 't', id, actorId: '', members: [], groups: [], isDone: true } as const;
    },
  };
  const retention = new GuestRetention({
    store: tellingStore(store, { publish: (_topics, event) => void events.push(event), notify() {} }),
    register: {
      enter: async () => 'entered',
      leave: async () => {},
      count: async (_tenant, id) => (attended.includes(id) ? 1 : 0),
    },
    clock: { now: () => 5000 },
    limits: { ...DEFAULT_LIMITS, guestMessageRetention: kept },
  });
  return { retention, purges, deleted, events };
}

test('messages go in batches until none is too old, then empty rooms that nobody is in', async () => {
  const { retention, purges, deleted, events } = setUp({ messages: 150, rooms: ['a', 'b'], attended: ['a'] });
  assert.equal(await retention.removeOld(), true);
  assert.deepEqual(deleted, []);
  assert.equal(await retention.removeOld(), false);
  assert.deepEqual(
    purges.map(({ before, limit }) => [before, limit]),
    [
      [4000, 100],
      [4000, 100],
    ],
  );
  assert.deepEqual(deleted, ['b']);
  assert.deepEqual(events, [{ type: 'room.closed', tenant: 't', roomId: 'b' }]);
});

test('many rooms that are attended keep no others from being looked at', async () => {
  const attended = Array.from({ length: 100 }, (_, n) => `room${n}`);
  const { retention, deleted } = setUp({ rooms: [...attended, 'empty'], attended });
  assert.deepEqual([await retention.removeOld(), await retention.removeOld()], [true, false]);
  assert.deepEqual(deleted, ['empty']);
});

test('where messages are kept for ever none is removed', async () => {
  const { retention, purges } = setUp({ kept: 0 });
  await retention.removeOld();
  assert.deepEqual(purges, []);
});
