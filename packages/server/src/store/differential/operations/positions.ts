import type { SeqRange } from '../../../core/model.ts';
import type { AcknowledgementEntry } from '../../../core/ports/position-store.ts';
import { type Call, call } from '../call.ts';
import { conversationOf, type Makers, type Making, memberOf } from './maker.ts';

export const POSITION_MAKERS: Makers = {
  acknowledge: { weight: 30, bursts: ['actor', 'conversation'], make: acknowledge },
};

function acknowledge(making: Making): Call {
  const { tenant, dice, focus } = making;
  const conversationId = conversationOf(
    making,
    () => tenant.message(dice)?.conversationId ?? tenant.conversation(dice),
  );
  const count = focus?.of === 'actor' ? 1 : dice.pick([1, 1, 2, 5]);
  const entries: AcknowledgementEntry[] = [];
  const shared = rangesUpTo(making, tenant.lastSeq(conversationId));
  const users = new Set(Array.from({ length: count }, () => memberOf(making, conversationId)));
  for (const userId of users) {
    const ranges = dice.oneIn(2) ? shared : rangesUpTo(making, tenant.lastSeq(conversationId));
    entries.push({ userId, ranges, ...(dice.oneIn(3) ? { revisions: rangesUpTo(making, 5) } : {}) });
  }
  return call('acknowledge', {
    tenant: tenant.id,
    conversationId,
    kind: dice.pick(['delivered', 'read']),
    entries,
    ...(dice.oneIn(4) ? { maxMembers: dice.pick([2, 4]) } : {}),
  });
}

/** Ascending and apart, perhaps a little above what there is. */
function rangesUpTo({ dice }: Making, last: number): SeqRange[] {
  const ranges: SeqRange[] = [];
  let from = 1 + dice.int(Math.max(1, last));
  for (let left = dice.pick([1, 1, 1, 2, 3]); left > 0; left--) {
    const to = from + dice.pick([0, 0, 1, 3]);
    ranges.push({ from, to });
    from = to + 2 + dice.int(3);
  }
  return ranges;
}
