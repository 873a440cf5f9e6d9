import { CHAT_PERMISSIONS } from '../../../core/chat-settings.ts';
import { call } from '../call.ts';
import type { Makers } from './maker.ts';
import { actOf } from './parts.ts';

export const ADMIN_MAKERS: Makers = {
  changeChatSettings: {
    weight: 2,
    make: (making) =>
      call('changeChatSettings', {
        ...actOf(making),
        patch: {
          ...making.dice.maybe(() => ({ maxMessageLength: making.dice.int(9) + 1 })),
          ...making.dice.maybe(() => ({ fileUploadLimit: making.dice.int(9) + 1 })),
        },
        defaults: { maxMessageLength: 4000, fileUploadLimit: 10 },
      }),
  },
  changeChatPermission: {
    weight: 3,
    make: (making) =>
      call('changeChatPermission', {
        ...actOf(making),
        userId: making.tenant.user(making.dice),
        permission: making.dice.pick(CHAT_PERMISSIONS),
      }),
  },
  sweepRemains: { weight: 8, make: ({ dice }) => call('sweepRemains', dice.pick([1, 3, 100])) },
  ping: { weight: 1, bursts: [], make: () => call('ping') },
  probe: { weight: 1, make: () => call('probe') },
};
