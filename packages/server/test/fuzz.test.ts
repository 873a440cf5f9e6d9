import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ChildServer, startChildServer } from './support/child-server.ts';
import { Campaign } from './support/fuzz/campaign.ts';
import { checkCodecs } from './support/fuzz/codecs.ts';
import { ATTACKERS, GROUP } from './support/fuzz/inputs.ts';
import { HealthyPair } from './support/healthy-pair.ts';
import { figure, figureReaches } from './support/refusals.ts';
import { tokenOf } from './support/token.ts';

/** Time of the whole fuzz, in seconds. `HAINA_FUZZ_SECONDS` makes it longer. */
const SECONDS = Number(process.env.HAINA_FUZZ_SECONDS ?? 30);
/** The codecs' part of it; the live server has the rest. */
const CODECS_PART = 0.2;
/** Attackers' time before the heap is first measured: caches fill, code is compiled. Part of the live server's. */
const WARM_UP_PART = 0.25;
/** How much more heap than after the warm-up a server may need when all attackers have left. */
const MAX_GROWTH_KIB = 16 * 1024;
const TOPICS = 'haina_queue_depth{queue="topics"}';

const SEED = Number(process.env.HAINA_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));

let server: ChildServer;

before(async () => {
  server = await startChildServer({
    HAINA_SOCKJS_SESSION_TIMEOUT: '500ms',
    HAINA_CONNECT_TIMEOUT: '500ms',
    HAINA_ROOM_CREATE: 'on',
  });
});
after(() => server.stop());

/** The healthy users, with uids that nobody hits upon. */
const OUT_OF_REACH = ['healthy-speaker', 'healthy-listener'].map((id, index) => ({
  id,
  uid: 2 ** 51 + 1_234_567 * index,
  username: id,
}));

/** The attackers, and a group of theirs, in both tenants they fight in. */
async function makeBattlefield(): Promise<void> {
  for (const app of ['default', 'battlefield']) {
    const token = tokenOf('admin', { app, role: 'admin' });
    const call = (path: string, body: object) =>
      fetch(server.url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const users = ATTACKERS.map((id) => ({ id, username: id }));
    for (const user of [...users, ...OUT_OF_REACH]) {
      assert.equal((await call('/api/v1/users', user)).status, 201);
    }
    const members = ATTACKERS.map((userId) => ({ userId }));
    assert.equal((await call('/api/v1/groups', { id: GROUP, name: GROUP, members })).status, 201);
  }
}

test('no bytes bring the codecs to anything but frames, waiting, or a refusal', (t) => {
  t.diagnostic(`HAINA_FUZZ_SEED=${SEED}`);
  checkCodecs(SEED, SECONDS * CODECS_PART * 1000);
});

test('no client brings the server down, makes it leak, or costs others a message', async (t) => {
  t.diagnostic(`HAINA_FUZZ_SEED=${SEED}`);
  await makeBattlefield();
  const pair = await HealthyPair.start(server);
  const topics = await figure(server.url, TOPICS);
  const campaign = new Campaign(server.url, SEED);
  try {
    const growth = await fuzzLive(campaign, pair);
    await assertAlone(pair, topics);
    const kibibytes = Math.round((await growth()) / 1024);
    t.diagnostic(`${campaign.count} attacks, ${pair.heard} messages, ${kibibytes} KiB of growth`);
    assert.ok(kibibytes < MAX_GROWTH_KIB, `the heap grew by ${kibibytes} KiB`);
    await pair.stop();
    server.trouble.throwIfAborted();
  } catch (error) {
    t.diagnostic(campaign.report());
    throw error;
  }
});

/** Returns what tells by how much the heap has grown since the warm-up. */
async function fuzzLive(campaign: Campaign, pair: HealthyPair): Promise<() => Promise<number>> {
  const broken = AbortSignal.any([server.trouble, pair.broken]);
  const attack = async (part: number) => {
    await campaign.run(Date.now() + SECONDS * (1 - CODECS_PART) * part * 1000, broken);
    broken.throwIfAborted();
  };
  await attack(WARM_UP_PART);
  const before = await server.heapUsed();
  await attack(1 - WARM_UP_PART);
  return async () => (await server.heapUsed()) - before;
}

/** The talk goes on, and nothing is left of the attackers. */
async function assertAlone(pair: HealthyPair, topics: number): Promise<void> {
  await pair.goesOn();
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
  await figureReaches(server.url, 'haina_connections{', 2);
  await figureReaches(server.url, 'haina_queue_depth{queue="sessions"}', 2);
  await figureReaches(server.url, TOPICS, topics);
}
