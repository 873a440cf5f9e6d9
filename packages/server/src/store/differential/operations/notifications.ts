import { NOTIFICATION_TYPES } from '../../../core/model.ts';
import { call } from '../call.ts';
import { NOWHERE } from '../world.ts';
import type { Makers, Making } from './maker.ts';

const idOf = ({ tenant, dice }: Making) => dice.likely([...tenant.notifications.keys()].slice(-8), [NOWHERE]);

export const NOTIFICATION_MAKERS: Makers = {
  createNotification: { weight: 6, bursts: ['notifications'], make: createNotification },
  takeDueNotifications: {
    weight: 4,
    bursts: ['notifications'],
    make: ({ world, dice }) => call('takeDueNotifications', world.time(dice), dice.pick([1, 2, 100])),
  },
  markNotified: {
    weight: 4,
    make: (making) => {
      const { tenant, dice, world } = making;
      const users = dice.some([...tenant.users, NOWHERE], 3);
      return call('markNotified', tenant.id, idOf(making), users, world.now);
    },
  },
  readNotification: {
    weight: 4,
    make: (making) => {
      const { tenant, dice, world } = making;
      const id = idOf(making);
      const userId = dice.pick(tenant.notifications.get(id) ?? []) ?? tenant.user(dice);
      return call('readNotification', tenant.id, id, userId, world.now);
    },
  },
  purgeNotifications: {
    weight: 2,
    bursts: ['notifications'],
    make: ({ world, dice }) =>
      call('purgeNotifications', {
        expiredBy: world.time(dice) - 1000,
        dueBefore: world.time(dice) - 4000,
        limit: dice.pick([1, 3, 100]),
      }),
  },
};

function createNotification({ tenant, dice, world }: Making) {
  const isPublished = dice.oneIn(2);
  const users = [...tenant.users];
  const recipients = dice.oneIn(3) ? null : dice.some(dice.oneIn(6) ? [...users, NOWHERE] : users, 4);
  return call('createNotification', {
    notification: {
      tenant: tenant.id,
      id: world.newId('n'),
      type: dice.pick(NOTIFICATION_TYPES),
      body: {
        title: 'T',
        content: dice.pick(['', 'ü\u0000']),
        ...dice.maybe(() => ({ data: { b: 1, a: 0.5 } })),
      },
      at: isPublished ? world.now : world.time(dice),
      expiresAt: dice.oneIn(3) ? world.time(dice) + 2000 : null,
      createdBy: tenant.user(dice),
      createdAt: world.now,
    },
    recipients,
    isPublished,
  });
}
