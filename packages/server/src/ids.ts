import { randomUUID } from 'node:crypto';
import type { Clock, IdSource } from './core/ports/clock.ts';

/** Ids of one millisecond: as many as the counter of twelve bits has values. */
const MAX_COUNT = 0xfff;

/**
 * UUIDs of version 7 whose order as text is that in which they were made, also within a millisecond and while the clock
 * goes back (RFC 9562 section 6.2, a counter of fixed length). The random part is the runtime's, which keeps a stock of it.
 */
export function createIdSource(clock: Clock): IdSource {
  let time = 0;
  let count = 0;
  return {
    next() {
      const now = clock.now();
      if (now > time) {
        time = now;
        count = 0;
      } else if (count < MAX_COUNT) {
        count += 1;
      } else {
        time += 1;
        count = 0;
      }
      const at = time.toString(16).padStart(12, '0');
      const counted = count.toString(16).padStart(3, '0');
      // From the variant on, both versions are alike.
      return `${at.slice(0, 8)}-${at.slice(8)}-7${counted}${randomUUID().slice(18)}`;
    },
  };
}
