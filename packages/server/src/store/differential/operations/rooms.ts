import { HISTORY_ACCESSES } from '../../../core/model.ts';
import { call } from '../call.ts';
import { GUESTS, ROOM_IDS } from '../world.ts';
import { actorOf, conversationOf, type Makers, type Making } from './maker.ts';

/** A room, whatever the conversation of a burst is. */
const roomOf = (making: Making) => conversationOf(making, () => making.tenant.room(making.dice));

export const ROOM_MAKERS: Makers = {
  createRoom: { weight: 4, make: createRoom },
  updateRoom: { weight: 2, bursts: ['conversation'], make: updateRoom },
  deleteRoom: {
    weight: 1,
    bursts: ['conversation'],
    make: (making) => call('deleteRoom', making.tenant.id, roomOf(making)),
  },
  enterRoom: {
    weight: 5,
    bursts: ['conversation', 'actor'],
    make: (making) => {
      const { tenant, world } = making;
      return call('enterRoom', {
        tenant: tenant.id,
        roomId: roomOf(making),
        userId: actorOf(making),
        at: world.now,
      });
    },
  },
  leaveRoom: {
    weight: 2,
    bursts: ['conversation', 'actor'],
    make: (making) => call('leaveRoom', making.tenant.id, roomOf(making), actorOf(making)),
  },
  emptyRooms: { weight: 1, make: ({ dice }) => call('emptyRooms', dice.pick([1, 2, 100])) },
  purgeGuestMessages: {
    weight: 2,
    make: ({ world, dice }) =>
      call('purgeGuestMessages', { before: world.time(dice), at: world.now, limit: dice.pick([1, 2, 100]) }),
  },
};

function createRoom({ tenant, dice, world }: Making) {
  const free = ROOM_IDS.filter((id) => !tenant.rooms.has(id));
  const user = { id: tenant.user(dice), profile: { name: '', number: '', nickname: '', avatar: '' } };
  return call('createRoom', {
    tenant: tenant.id,
    id: dice.likely(free, ROOM_IDS),
    name: dice.pick(['Room', '']),
    description: dice.pick(['', 'of ü']),
    isOpen: !dice.oneIn(3),
    owner: dice.pick([null, user, dice.pick(GUESTS)]),
    createdAt: world.now,
    ...dice.maybe(() => ({ history: dice.pick(HISTORY_ACCESSES) })),
  });
}

function updateRoom(making: Making) {
  const { tenant, dice } = making;
  return call('updateRoom', tenant.id, roomOf(making), {
    ...dice.maybe(() => ({ name: dice.pick(['Room', 'Salon']) })),
    ...dice.maybe(() => ({ description: 'new' })),
    ...dice.maybe(() => ({ isOpen: dice.oneIn(2) })),
    ...dice.maybe(() => ({ history: dice.pick(HISTORY_ACCESSES) })),
    ...dice.maybe(() => ({ ownerId: dice.oneIn(3) ? null : tenant.user(dice) })),
  });
}
