import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CoreEvent } from './events.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { PresenceNews } from './presence-news.ts';

test('changes are told in the order of the calls, whichever is read first, and one that can not be read holds up none', async () => {
  const reads: PromiseWithResolvers<string[]>[] = [];
  const told: string[] = [];
  const news = new PresenceNews({
    limits: DEFAULT_LIMITS,
    store: {
      listPeers() {
        const read = Promise.withResolvers<string[]>();
        reads.push(read);
        return read.promise;
      },
    },
    sink: {
      publish(_, event: CoreEvent) {
        if (event.type === 'user.status') told.push(`${event.userId} ${event.status}`);
      },
      notify() {},
    },
  });
  const change = { tenant: 't', userId: 'alice', at: 1 };
  const came = news.tell({ ...change, status: 'online' });
  const lost = news.tell({ ...change, userId: 'bob', status: 'online' });
  const went = news.tell({ ...change, status: 'offline' });
  reads[2]?.resolve(['carol']);
  reads[1]?.reject(new Error('away'));
  await assert.rejects(
    Promise.race([
      lost,
      went,
      new Promise((_, reject) => setImmediate(() => reject(new Error('none is told')))),
    ]),
    /none is told/,
  );
  reads[0]?.resolve(['carol']);
  await came;
  await assert.rejects(lost, /away/);
  await went;
  assert.deepEqual(told, ['alice online', 'alice offline']);
});
