import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DiscardPolicy, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { type RunningServer, startServer } from '../src/app.ts';
import { run } from '../src/cli/cli-fixture.ts';
import { loadConfig } from '../src/config/load.ts';
import { createLogger } from '../src/observe/logger.ts';
import { EVERY_APP } from './support/every-app.ts';
import { NatsPeer, storedEvents } from './support/nats-peer.ts';
import { NatsServer, SKIP_NATS } from './support/nats-server.ts';
import { figureReaches } from './support/refusals.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { TEST_SECRET, tokenOf } from './support/token.ts';

const SUBJECTS = ['business.>', 'communication.>'];
const figureOf = (outcome: string): string => `haina_events_out_total{outlet="nats",outcome="${outcome}"}`;

/** @param config in the form of its file */
async function startNats(t: TestContext, config = ''): Promise<NatsServer> {
  const dir = await mkdtemp(join(tmpdir(), 'haina-test-'));
  t.after(() => rm(dir, { recursive: true }));
  const file = join(dir, 'nats.conf');
  await writeFile(file, config);
  const nats = await NatsServer.start('-c', file);
  t.after(() => nats.stop());
  return nats;
}

async function startHaina(t: TestContext, natsUrl: string): Promise<TestServer> {
  const server = await startTestServer({ natsUrl: [natsUrl], natsStartDelay: 0 });
  t.after(() => server.stop());
  return server;
}

interface LoggedServer extends Pick<RunningServer, 'url'> {
  readonly wsUrl: string;
  /** The first line with this message; waits for it. */
  line(msg: string): Promise<Record<string, unknown>>;
  /** Lines with this message so far. */
  count(msg: string): number;
}

/** A server whose log is read. */
async function startLogged(t: TestContext, natsUrl: string): Promise<LoggedServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'haina-test-'));
  const flags = { ...EVERY_APP, secret: TEST_SECRET, port: '0', demo: 'true', sendRate: '0', dataDir };
  const { config } = loadConfig({ flags: { ...flags, logFormat: 'json', natsUrl, natsStartDelay: '0s' } });
  const lines: Record<string, unknown>[] = [];
  const written = new EventEmitter();
  const write = (line: string): void => {
    lines.push(JSON.parse(line) as Record<string, unknown>);
    written.emit('line');
  };
  const server = await startServer(config, undefined, await createLogger(config, { write }));
  t.after(async () => {
    await server.stop();
    await rm(dataDir, { recursive: true });
  });
  const find = (wanted: string) => lines.find(({ msg }) => msg === wanted);
  return {
    url: server.url,
    wsUrl: server.url.replace('http:', 'ws:'),
    async line(msg) {
      const signal = AbortSignal.timeout(30_000);
      while (!find(msg)) await once(written, 'line', { signal });
      return find(msg) as Record<string, unknown>;
    },
    count: (wanted) => lines.filter(({ msg }) => msg === wanted).length,
  };
}

/** What an operator does to streams, before or beside haina. */
async function manage<T>(
  { url }: NatsServer,
  act: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>,
): Promise<T> {
  const connection = await connect({ servers: url.replace('nats://', '') });
  try {
    return await act(await jetstreamManager(connection));
  } finally {
    await connection.close();
  }
}

const makeStream = (nats: NatsServer, config: Partial<StreamConfig> & { name: string }) =>
  manage(nats, ({ streams }) => streams.add(config));

function makeGroup(server: TestServer, id: string): Promise<unknown> {
  const token = tokenOf('admin', { role: 'admin' });
  return server.call('POST', '/api/v1/groups', token, { id, name: id, members: [] });
}

/** Resolves once the stream has the group's event. */
async function groupIsTold(nats: NatsServer, id: string, stream = 'HAINA_EVENTS'): Promise<void> {
  for (;;) {
    const events = await storedEvents(nats.url, {}, stream);
    if (events.some(({ eventType, groupId }) => eventType === 'business.group.created' && groupId === id))
      return;
  }
}

test('events that haina may not publish are dead letters with a figure, and the others go', {
  skip: SKIP_NATS,
}, async (t) => {
  const nats = await startNats(
    t,
    `authorization { users: [
       { user: haina, password: p, permissions: { publish: { deny: "business.user.>" } } }, { user: peer, password: p } ] }
     no_auth_user: peer`,
  );
  const server = await startHaina(t, nats.url.replace('//', '//haina:p@'));
  const clients: StompClient[] = [];
  for (const name of ['ann', 'ben', 'cem']) clients.push(await StompClient.of(server.wsUrl, name));
  await makeGroup(server, 'after');
  await groupIsTold(nats, 'after');
  // Their logins, and that they came.
  await figureReaches(server.url, figureOf('dead'), 6);
  const { body } = await server.call(
    'GET',
    '/api/v1/webhooks/dead-letters',
    tokenOf('admin', { role: 'admin' }),
  );
  assert.match(JSON.stringify(body), /NATS refused it: .*business\.user\.login/i);
  await Promise.all(clients.map((client) => client.drop()));
});

test('an event that is too large for the stream is a dead letter with a figure, and those behind it go', {
  skip: SKIP_NATS,
}, async (t) => {
  const nats = await startNats(t);
  await makeStream(nats, { name: 'SMALL', subjects: SUBJECTS, max_msg_size: 1500 });
  const server = await startHaina(t, nats.url);
  const ann = await StompClient.of(server.wsUrl, 'ann');
  const message = { toId: 'ann', chatType: 'SINGLE', msgType: 'TEXT', content: 'x'.repeat(2000) };
  await ann.confirmed('/app/chat.send', message);
  await makeGroup(server, 'after');
  await groupIsTold(nats, 'after', 'SMALL');
  await figureReaches(server.url, figureOf('dead'), 1);
  await ann.drop();
});

test('events that get no answer hold up no others, and are published once NATS answers', {
  skip: SKIP_NATS,
}, async (t) => {
  const nats = await startNats(t);
  await makeStream(nats, { name: 'BUSINESS', subjects: ['business.>'] });
  await makeStream(nats, { name: 'TALK', subjects: ['communication.>'] });
  const server = await startHaina(t, nats.url);
  const setNoAck = (no_ack: boolean) =>
    manage(nats, ({ streams }) => streams.update('TALK', { subjects: ['communication.>'], no_ack }));
  await setNoAck(true);
  const ann = await StompClient.of(server.wsUrl, 'ann');
  await ann.confirmed('/app/chat.send', { toId: 'ann', chatType: 'SINGLE', msgType: 'TEXT', content: 'x' });
  await makeGroup(server, 'after');
  await groupIsTold(nats, 'after', 'BUSINESS');
  await figureReaches(server.url, figureOf('failed'), 1);
  await setNoAck(false);
  // The stream had it the first time too, and knows it again by its id.
  await figureReaches(server.url, 'haina_queue_depth{queue="events"}', 0);
  for (;;) {
    const events = await storedEvents(nats.url, {}, 'TALK');
    if (events.some(({ eventType }) => eventType === 'communication.message.sent')) break;
  }
  await ann.drop();
});

for (const [what, trouble, reason] of [
  [
    'answers no more',
    { no_ack: true },
    /^it has no_ack, so that nobody learns what it took; set its no_ack to false$/,
  ],
  ['is full', { max_msgs: 1, discard: DiscardPolicy.New }, /maximum messages exceeded/],
] as const) {
  test(`a stream that ${what} under a running server is named in the log once, and again once it is well`, {
    skip: SKIP_NATS,
  }, async (t) => {
    const nats = await startNats(t);
    await makeStream(nats, { name: 'BUSINESS', subjects: ['business.>'] });
    await makeStream(nats, { name: 'TALK', subjects: ['communication.>'], max_msgs: -1 });
    const log = await startLogged(t, nats.url);
    const update = (config: Partial<StreamConfig>) =>
      manage(nats, ({ streams }) => streams.update('TALK', { subjects: ['communication.>'], ...config }));
    await update(trouble);
    const ann = await StompClient.of(log.wsUrl, 'ann');
    t.after(() => ann.drop());
    const say = () =>
      ann.confirmed('/app/chat.send', { toId: 'ann', chatType: 'SINGLE', msgType: 'TEXT', content: 'x' });
    for (let said = 0; said < 3; said++) await say();
    const told = await log.line('a stream of NATS takes no events; trying again');
    assert.deepEqual([told.level, told.stream], ['warn', 'TALK']);
    assert.match(String(told.reason), reason);
    assert.ok(Number(told.failed) >= 1);
    await update({ no_ack: false, max_msgs: -1, discard: DiscardPolicy.Old });
    const well = await log.line('a stream of NATS takes events again');
    assert.deepEqual([well.level, well.stream], ['info', 'TALK']);
    await figureReaches(log.url, 'haina_queue_depth{queue="events"}', 0);
    assert.equal(log.count('a stream of NATS takes no events; trying again'), 1);
  });
}

test('a dead letter that is larger than NATS takes keeps its beginning, however little that is', {
  skip: SKIP_NATS,
}, async (t) => {
  const nats = await startNats(t, 'max_payload: 1024');
  await startHaina(t, nats.url);
  const peer = await NatsPeer.connect(nats.url);
  t.after(() => peer.close());
  const body = `not JSON ${'x'.repeat(1000)}`;
  const subject = `business.user.${'y'.repeat(800)}`;
  for (const at of ['business.user.login', subject]) {
    await peer.publish(at, body);
    const dead = await peer.next(`haina.deadletter.${at.slice(0, 256)}`);
    assert.ok(dead.data.length > 300, `${dead.data.length} bytes are left`);
    assert.equal(dead.string(), body.slice(0, dead.data.length));
    assert.equal(dead.headers?.get('Haina-Size'), String(body.length));
  }
  await peer.drained();
});

test('a malformed event that the dead letters refuse holds up no others', { skip: SKIP_NATS }, async (t) => {
  const nats = await startNats(t);
  await makeStream(nats, { name: 'DEAD', subjects: ['haina.deadletter.>'], max_msg_size: 10 });
  await startHaina(t, nats.url);
  const peer = await NatsPeer.connect(nats.url);
  t.after(() => peer.close());
  await peer.publish('business.user.login', 'not JSON');
  await peer.publish('business.user.login', { userId: 'ann' });
  await peer.drained();
});

for (const [what, config, line] of [
  [
    'never tells what it took',
    { name: 'THEIRS', subjects: SUBJECTS, no_ack: true },
    /^haina: the stream THEIRS has no_ack, so that nobody learns what it took of business\.>; set its no_ack to false\n$/,
  ],
  [
    'has a part of the subjects',
    { name: 'THEIRS', subjects: ['business.user.>'] },
    /^haina: the stream THEIRS has a part of business\.> only; let one stream have all of it\n$/,
  ],
  [
    'has the name and other subjects',
    { name: 'HAINA_EVENTS', subjects: ['other.>'] },
    /^haina: NATS does not make the stream HAINA_EVENTS: .*\n$/,
  ],
] as const) {
  test(`a stream that ${what} keeps the server from starting, in one line`, {
    skip: SKIP_NATS,
  }, async (t) => {
    const nats = await startNats(t);
    await makeStream(nats, { ...config, subjects: [...config.subjects] });
    const dataDir = await mkdtemp(join(tmpdir(), 'haina-test-'));
    t.after(() => rm(dataDir, { recursive: true }));
    const env = {
      HAINA_SECRET: TEST_SECRET,
      HAINA_PORT: '0',
      HAINA_DATA_DIR: dataDir,
      HAINA_NATS_URL: nats.url,
      HAINA_LOG_LEVEL: 'error',
    };
    const { code, stderr, stdout } = await run(['serve'], { env });
    assert.match(stderr, line);
    assert.deepEqual([code, stdout], [1, '']);
  });
}
