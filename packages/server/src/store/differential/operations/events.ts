import type { DeliveryOutcome, OutboxEntry } from '../../../core/ports/event-store.ts';
import { call } from '../call.ts';
import { NOWHERE } from '../world.ts';
import type { Makers, Making } from './maker.ts';

const OUTBOX = ['outbox'] as const;

export const EVENT_MAKERS: Makers = {
  createWebhook: { weight: 3, bursts: OUTBOX, make: createWebhook },
  deleteWebhook: {
    weight: 1,
    bursts: OUTBOX,
    make: ({ tenant, dice }) =>
      call('deleteWebhook', tenant.id, dice.likely([...tenant.webhooks], [NOWHERE])),
  },
  recordDeliveries: { weight: 6, bursts: OUTBOX, make: recordDeliveries },
  claimDeliveries: { weight: 6, bursts: OUTBOX, make: claimDeliveries },
  settleDeliveries: { weight: 5, bursts: OUTBOX, make: settleDeliveries },
  keepLog: { weight: 2, make: ({ dice }) => call('keepLog', !dice.oneIn(5)) },
  feedOutbox: { weight: 3, make: feedOutbox },
  retryDeadLetter: { weight: 3, bursts: OUTBOX, make: retryDeadLetter },
};

function createWebhook({ tenant, dice, world }: Making) {
  return call(
    'createWebhook',
    {
      tenant: tenant.id,
      id: world.newId('w'),
      url: 'https://a.example/ü',
      events: dice.pick([['*'], [], ['message.*', 'user.access']]),
      secret: 'secret',
      createdBy: tenant.user(dice),
      createdAt: world.now,
    },
    2,
  );
}

function recordDeliveries(making: Making) {
  const { dice } = making;
  const entries = Array.from({ length: dice.int(4) + 1 }, () => entryOf(making));
  return call('recordDeliveries', entries, dice.pick([2, 4, 100]));
}

/** Its records are not known before the log is read: the pair puts those of each store there. */
function feedOutbox(making: Making) {
  const deliveries = Array.from({ length: making.dice.int(3) + 1 }, () => entryOf(making));
  return call('feedOutbox', [{ writer: '', n: 0, ordinal: 0, deliveries }], making.dice.pick([2, 100]));
}

function entryOf({ tenant, dice, world }: Making): OutboxEntry {
  return {
    tenant: tenant.id,
    target: dice.oneIn(3) ? '' : dice.likely([...tenant.webhooks], ['']),
    eventId: world.newId('e'),
    eventType: dice.pick(['message.sent', 'user.access']),
    body: dice.pick(['{"a":1}', '"ü"']),
    at: world.time(dice),
  };
}

function claimDeliveries({ tenant, dice, world }: Making) {
  const target = dice.oneIn(3) ? '' : dice.likely([...tenant.webhooks], ['']);
  const now = world.time(dice) + dice.pick([0, 2000]);
  const until = now + dice.pick([1, 1000]);
  const ended = dice.oneIn(5) ? { endedBy: now + 5000 } : {};
  const limit = dice.pick([1, 3, 20]);
  return call('claimDeliveries', { target, now, until, limit, inOrder: target === '', ...ended });
}

function settleDeliveries({ dice, world }: Making) {
  const held = dice.pick(world.claims);
  const { target, until, inOrder } = held?.claim ?? { target: '', until: world.now, inOrder: true };
  const undone = dice.some([...(held?.ids ?? [])], 1);
  const settled = (held?.ids ?? []).filter((id) => !undone.includes(id));
  const outcomes = dice.some(settled, 4).map((id): DeliveryOutcome => {
    const result = dice.pick(['done', 'retry', 'dead', 'dead'] as const);
    if (result === 'done') return { id, result };
    const failure = dice.pick(['500', 'ü']);
    return result === 'dead'
      ? { id, result, failure }
      : { id, result, dueAt: world.time(dice) + 1000, failure };
  });
  const maxDead = dice.pick([1, 2, 100]);
  return call('settleDeliveries', { target, until, inOrder, outcomes, undone, maxDead });
}

function retryDeadLetter({ tenant, dice, world }: Making) {
  const letter = dice.pick(world.deadLetters);
  if (!letter || dice.oneIn(6))
    return call('retryDeadLetter', tenant.id, dice.pick(['', 'x', '999999']), world.now);
  return call('retryDeadLetter', letter.tenant, letter.id, world.now);
}
