import { call } from '../call.ts';
import { NOWHERE } from '../world.ts';
import { actorOf, type Makers, type Making } from './maker.ts';

export const FILE_MAKERS: Makers = {
  reserveFile: { weight: 8, make: reserveFile },
  completeFile: { weight: 9, make: completeFile },
  takeUnusedFiles: {
    weight: 2,
    bursts: ['files'],
    make: ({ world, dice }) => call('takeUnusedFiles', world.time(dice) - 2000, dice.pick([1, 2, 100])),
  },
  dropFiles: {
    weight: 2,
    bursts: ['files'],
    make: ({ tenant, dice }) =>
      call('dropFiles', dice.some([...tenant.files.map(({ id }) => id), NOWHERE], 2)),
  },
};

function reserveFile(making: Making) {
  const { tenant, dice, world } = making;
  return call('reserveFile', {
    tenant: tenant.id,
    id: world.newId('f'),
    ownerId: actorOf(making),
    createdAt: world.now,
    ...(dice.oneIn(3) ? { ownerGeneration: dice.pick([1, 1, 2]) } : {}),
  });
}

function completeFile({ tenant, dice }: Making) {
  const waiting = [...tenant.reserved.keys()];
  if (waiting.length === 0 && !dice.oneIn(10)) return undefined;
  const facts = {
    name: dice.pick(['a.png', 'ü\u0000.txt']),
    type: 'image/png',
    size: dice.pick([0, 5_000_000_000]),
    sha256: 'ab'.repeat(32),
    extension: dice.pick(['', 'png']),
    ...dice.maybe(() => ({ format: 'PNG', width: 7, height: 9 })),
  };
  return call('completeFile', tenant.id, dice.likely(waiting, [NOWHERE]), facts);
}
