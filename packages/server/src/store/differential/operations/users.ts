import { ROLES } from '../../../core/model.ts';
import type { UserPatch } from '../../../core/ports/user-store.ts';
import { call } from '../call.ts';
import { NETWORKS, USER_IDS } from '../world.ts';
import { actorOf, type Makers, type Making } from './maker.ts';
import { actOf, pictureOf } from './parts.ts';

const NAMES = ['ann', 'Ann', 'ÄNN', 'bob', 'b0b', 'Zoë', 'zoe', '张三', 'x_y', 'x-y', 'ｆｕｌｌ'] as const;

export const USER_MAKERS: Makers = {
  createUser: { weight: 6, bursts: ['actor'], make: createUser },
  updateUser: { weight: 4, bursts: ['actor'], make: updateUser },
  deleteUser: {
    weight: 2,
    bursts: ['actor'],
    make: (making) => call('deleteUser', making.tenant.id, actorOf(making), making.world.now, 'boss'),
  },
  noteLogin: {
    weight: 3,
    bursts: ['actor'],
    make: (making) =>
      call('noteLogin', {
        tenant: making.tenant.id,
        userId: actorOf(making),
        network: making.dice.pick(NETWORKS),
        at: making.world.time(making.dice),
      }),
  },
};

function createUser(making: Making) {
  const { tenant, dice, world, focus } = making;
  const free = USER_IDS.filter((id) => !tenant.users.has(id));
  const id = focus?.of === 'actor' ? focus.userId : dice.likely(free, USER_IDS);
  return call('createUser', {
    tenant: tenant.id,
    id,
    username: dice.oneIn(3) ? dice.pick(NAMES) : `${id}.${dice.int(3)}`,
    nickname: dice.pick(['', 'Nick', "O'Neill", '\u0000\u001a']),
    role: id.startsWith('agt') ? 'agent' : dice.pick(ROLES),
    passwordHash: dice.pick([null, 'hash', 'other hash']),
    createdAt: world.now,
    ...dice.maybe(() => ({ mayLookAlike: dice.oneIn(2) })),
    ...(dice.oneIn(6) ? { uid: dice.int(12) + 1 } : {}),
    ...(dice.oneIn(4) ? { picture: pictureOf(making) } : {}),
  });
}

function updateUser(making: Making) {
  const { tenant, dice, world } = making;
  const patch: UserPatch = {
    ...(dice.oneIn(4) ? { username: dice.pick(NAMES) } : {}),
    ...dice.maybe(() => ({ nickname: dice.pick(['', 'other', 'ü']) })),
    ...(dice.oneIn(3) ? { picture: pictureOf(making) } : {}),
    ...(dice.oneIn(4) ? { role: dice.pick(ROLES) } : {}),
    ...(dice.oneIn(4) ? { passwordHash: dice.pick(['hash', 'other hash']) } : {}),
    ...(dice.oneIn(4) ? { isDisabled: dice.oneIn(3) } : {}),
    ...(dice.oneIn(4) ? { tokensAfter: world.time(dice) } : {}),
    ...(dice.oneIn(6)
      ? { given: { generation: dice.pick([1, 1, 1, 2]), ...dice.maybe(() => ({ passwordHash: 'hash' })) } }
      : {}),
  };
  const act = dice.oneIn(3) ? [] : [actOf(making)];
  return call('updateUser', tenant.id, actorOf(making), patch, ...(act as [ReturnType<typeof actOf>?]));
}
