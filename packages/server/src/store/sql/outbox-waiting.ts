import { bulk, runEach } from './bulk.ts';
import { all, type Op, run } from './statement.ts';

const COUNT_NEW = bulk(
  { target: 'TEXT', change: 'INTEGER' },
  `INSERT INTO outbox_waiting (target, waiting) VALUES (:target, :change)
     ON CONFLICT (target) DO UPDATE SET waiting = outbox_waiting.waiting + excluded.waiting`,
);
/** Of a webhook that is gone there is no count, and stays none. */
const COUNT_KNOWN = bulk(
  { target: 'TEXT', change: 'INTEGER' },
  'UPDATE outbox_waiting SET waiting = waiting + :change WHERE outbox_waiting.target = :target',
);

/** SQL of how many events wait for a target: counted as they come and go, as counting them anew would cost the more the more there are. */
export class OutboxWaiting {
  /** How many wait, by target. */
  *of(targets: readonly string[]): Op<Map<string, number>> {
    const rows = yield* all<{ target: string; waiting: number }>(
      'SELECT target, waiting FROM outbox_waiting WHERE target IN TEXTS(?)',
      targets,
    );
    return new Map(rows.map(({ target, waiting }) => [target, waiting]));
  }

  /** Events that have come. */
  *add(events: readonly Targeted[]): Op<void> {
    yield* runEach(COUNT_NEW, countsOf(events));
  }

  /** Dead letters that wait again. */
  *addAgain(events: readonly Targeted[]): Op<void> {
    yield* runEach(COUNT_KNOWN, countsOf(events));
  }

  /** Events that have gone, or are dead. */
  *remove(target: string, count: number): Op<void> {
    if (count > 0) yield* runEach(COUNT_KNOWN, [[target, -count]]);
  }

  /** How many wait for a target is counted no more. */
  *forget(target: string): Op<void> {
    yield* run('DELETE FROM outbox_waiting WHERE target = ?', target);
  }
}

interface Targeted {
  readonly target: string;
}

/** How many are each target's, in an order that all writers have: they lock the rows in it. */
function countsOf(events: readonly Targeted[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { target } of events) counts.set(target, (counts.get(target) ?? 0) + 1);
  return [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
}
