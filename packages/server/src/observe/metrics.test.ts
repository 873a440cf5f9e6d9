import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from './metrics.ts';
import { Tally } from './tally.ts';

/** The samples of a rendering, by name and labels as they stand there. */
async function samples(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.render()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      assert.match(line, /^[a-z_:][\w:]*(\{[^}]*\})? (-?[\d.e+-]+|nan)$/i, 'a line of the text format');
      const split = line.lastIndexOf(' ');
      return [line.slice(0, split), Number(line.slice(split + 1))];
    }),
  );
}

test('connections are counted by transport and dialect, up and down', async () => {
  const metrics = new Metrics();
  metrics.connectionOpened('websocket', 'xuqm');
  metrics.connectionOpened('websocket', 'xuqm');
  metrics.connectionOpened('xhr', 'xuqm');
  metrics.connectionClosed('websocket', 'xuqm', 'slow-consumer');
  const found = await samples(metrics);
  assert.equal(found.get('haina_connections{transport="websocket",dialect="xuqm"}'), 1);
  assert.equal(found.get('haina_connections{transport="xhr",dialect="xuqm"}'), 1);
  assert.equal(found.get('haina_connections_closed_total{cause="slow-consumer"}'), 1);
  assert.equal(found.get('haina_slow_consumers_total{dialect="xuqm"}'), 1);
});

test('frames, deliveries, refusals, bytes, commits and queues are told, the same at every reading', async () => {
  const metrics = new Metrics();
  metrics.framesIn.add(1, 'xuqm', 'SEND');
  metrics.framesIn.of('xuqm', 'SEND').value += 2;
  metrics.framesOut.add(7, 'xuqm', 'MESSAGE');
  metrics.deliveries.add(7, 'xuqm');
  metrics.refusals.add(1, 'http', 'EPERM');
  metrics.bytesOut.value += 100;
  metrics.committed(30, 4);
  metrics.watchQueue('store', () => 5);
  await samples(metrics);
  const found = await samples(metrics);
  assert.equal(found.get('haina_frames_in_total{dialect="xuqm",command="SEND"}'), 3);
  assert.equal(found.get('haina_frames_out_total{dialect="xuqm",command="MESSAGE"}'), 7);
  assert.equal(found.get('haina_deliveries_total{dialect="xuqm"}'), 7);
  assert.equal(found.get('haina_refusals_total{dialect="http",code="EPERM"}'), 1);
  assert.equal(found.get('haina_bytes_total{direction="out"}'), 100);
  assert.equal(found.get('haina_commit_size_bucket{le="50"}'), 1);
  assert.equal(found.get('haina_commit_size_bucket{le="20"}'), 0);
  assert.equal(found.get('haina_commit_duration_seconds_sum'), 0.004);
  assert.equal(found.get('haina_queue_depth{queue="store"}'), 5);
});

test('figures of the process are there when asked for, without those that walk over every socket', async () => {
  const metrics = new Metrics();
  assert.equal((await samples(metrics)).has('process_resident_memory_bytes'), false);
  metrics.watchProcess();
  const found = await samples(metrics);
  assert.ok((found.get('process_resident_memory_bytes') ?? 0) > 0);
  assert.ok(found.has('nodejs_eventloop_lag_p99_seconds'));
  assert.ok(![...found.keys()].some((name) => name.startsWith('nodejs_active_')));
});

test('labels that clients choose are bounded', () => {
  const tally = new Tally(3);
  for (const command of ['A', 'B', 'C', 'D', 'E', 'A']) tally.add(1, 'xuqm', command);
  assert.deepEqual(
    [...tally],
    [
      ['xuqm', 'A', 2],
      ['xuqm', 'B', 1],
      ['xuqm', 'C', 1],
      ['other', 'other', 2],
    ],
  );
});

test('labels with quotes and newlines keep the format whole', async () => {
  const metrics = new Metrics();
  metrics.framesIn.add(1, 'xuqm', 'A"\n\\');
  assert.match(await metrics.render(), /command="A\\"\\n\\\\"\} 1\n/);
});

test('counting is cheap enough for every frame', () => {
  const { framesIn } = new Metrics();
  const start = performance.now();
  for (let i = 0; i < 1_000_000; i++) framesIn.add(1, 'xuqm', 'SEND');
  assert.ok(performance.now() - start < 1000, 'a million in less than a second');
});
