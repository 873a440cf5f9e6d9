import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { closeOf } from '@haina/wire';
import { DomainError } from '../../core/errors.ts';
import type { CoreEvent } from '../../core/events.ts';
import type { Principal } from '../../core/model.ts';
import { userTopic } from '../../core/topics.ts';
import { Hub } from '../../hub/hub.ts';
import { Sessions } from '../../hub/sessions.ts';
import { MemoryConnection } from '../../stomp/testing/memory-connection.ts';
import { type OpeningOptions, OpeningSession } from './opening-session.ts';
import type { DialectServices } from './services.ts';
import type { SessionHooks } from './session-hooks.ts';

const ALICE: Principal = { tenant: 't', userId: 'alice', role: 'user', name: 'Alice' };
const TOPIC = userTopic('t', 'alice');
const MAX_SESSIONS = 1;

const AUTHENTICATED = { principal: ALICE, expiresAt: 60_000, issuedAt: null, isFromLogin: false };

let noticed: string[];
let hub: Hub;
let sessions: Sessions;
let connection: MemoryConnection;
/** What a plug-in answers to the connect, when it answers. */
let plugin: PromiseWithResolvers<Principal>;
/** What is read of the user's memberships, page by page; each may do something meanwhile. */
let memberships: Iterable<readonly string[]>;
/** Whether the tokens are still good once the hub is listened to. */
let confirmation: Promise<void>;

beforeEach(() => {
  noticed = [];
  hub = new Hub(() => assert.fail('nothing fails here'));
  sessions = new Sessions(MAX_SESSIONS, {
    entered: ({ name }) => noticed.push(`${name} is online`),
    left: ({ name }) => noticed.push(`${name} is offline`),
  });
  connection = new MemoryConnection();
  plugin = Promise.withResolvers();
  confirmation = Promise.resolve();
  memberships = [['kept', 'lost']];
});

function begin(options: Partial<OpeningOptions> = {}): Promise<OpeningSession> {
  const hooks: Partial<SessionHooks> = {
    connect: () => plugin.promise,
    connected: () => noticed.push('a plug-in was told'),
    disconnected: () => noticed.push('a plug-in was told of the end'),
  };
  const core = {
    groups: {
      async *membershipsOf() {
        for (const ids of memberships) yield ids;
      },
    },
    policies: { of: async () => ({}) },
  };
  const authenticator = { confirm: () => confirmation };
  const services = { core, hub, sessions, authenticator, plugins: hooks, clock: { now: () => 1000 } };
  return OpeningSession.begin({
    services: services as unknown as DialectServices,
    dialect: 'any',
    connection,
    authenticated: AUTHENTICATED,
    device: { id: '', platform: '' } as unknown as OpeningOptions['device'],
    onEnd: (reason) => noticed.push(reason),
    ...options,
  });
}

function happens(event: object): void {
  hub.publish([TOPIC], event as CoreEvent);
}

test('nobody notices a session before it is whole, then everybody does', async () => {
  const beginning = begin();
  assert.deepEqual([sessions.count, noticed], [0, []]);
  plugin.resolve({ ...ALICE, name: 'Alice of the plug-in' });
  const opening = await beginning;
  assert.deepEqual([sessions.count, noticed], [0, []]);
  const session = opening.enter();
  assert.equal(sessions.count, 1);
  session.close();
  assert.deepEqual(noticed, [
    'Alice of the plug-in is online',
    'a plug-in was told',
    'Alice of the plug-in is offline',
    'a plug-in was told of the end',
  ]);
  assert.equal(hub.topicCount, 0);
});

for (const [what, meanwhile, options] of [
  ['its user is deleted', () => happens({ type: 'user.deleted' }), {}],
  ['its connection ends', () => connection.close(closeOf('normal')), {}],
  ['its token expires', () => {}, { authenticated: { ...AUTHENTICATED, expiresAt: 1000 } }],
  ['its user is disabled', () => happens({ type: 'user.access', cause: 'user-disabled' }), {}],
] as const) {
  test(`a session that is on its way in when ${what} is refused, and leaves nothing behind`, async () => {
    const beginning = begin(options);
    meanwhile();
    plugin.resolve(ALICE);
    const opening = await beginning;
    assert.throws(() => opening.enter(), { code: 'EAUTH' });
    assert.deepEqual([sessions.count, hub.topicCount, noticed], [0, 0, []]);
  });
}

test('a session whose user ended before the hub was listened to is refused, and leaves nothing behind', async () => {
  confirmation = Promise.reject(new DomainError('EAUTH', 'the user was deleted'));
  plugin.resolve(ALICE);
  await assert.rejects(begin(), { code: 'EAUTH' });
  assert.deepEqual([sessions.count, hub.topicCount, noticed], [0, 0, []]);
});

test('a session that the dialect refuses, or a plug-in, leaves nothing behind', async () => {
  plugin.resolve(ALICE);
  const prepare = () => {
    throw new Error('the wrong role');
  };
  await assert.rejects(begin({ prepare }), /the wrong role/);
  plugin = Promise.withResolvers();
  plugin.reject(new Error('not here'));
  await assert.rejects(begin(), /not here/);
  assert.deepEqual([sessions.count, hub.topicCount, noticed], [0, 0, []]);
});

test('one session too many is refused at its entry, without anybody noticing', async () => {
  plugin.resolve(ALICE);
  const [first, second] = [await begin(), await begin()];
  const session = first.enter();
  const before = noticed.length;
  assert.throws(() => second.enter(), { code: 'EPERM', limit: MAX_SESSIONS });
  assert.equal(noticed.length, before);
  session.close();
  assert.equal(hub.topicCount, 0);
});

test('groups that a user joins and leaves while its session opens count', async () => {
  const beginning = begin();
  happens({ type: 'member.removed', userId: 'alice', conversationId: 'lost' });
  happens({ type: 'member.added', userId: 'alice', conversationId: 'new' });
  happens({ type: 'member.added', userId: 'bob', conversationId: 'of others' });
  plugin.resolve(ALICE);
  const session = (await beginning).enter();
  const member = ['kept', 'lost', 'new', 'of others'].filter((id) => session.feed.isMember(id));
  session.close();
  assert.deepEqual(member, ['kept', 'new']);
});

test('groups that a user joins and leaves between two pages of its memberships count', async () => {
  memberships = (function* () {
    yield ['first', 'left'];
    happens({ type: 'member.removed', userId: 'alice', conversationId: 'left' });
    happens({ type: 'member.removed', userId: 'alice', conversationId: 'read too late' });
    happens({ type: 'member.added', userId: 'alice', conversationId: 'new' });
    yield ['second', 'read too late'];
  })();
  plugin.resolve(ALICE);
  const session = (await begin()).enter();
  const ids = ['first', 'left', 'second', 'read too late', 'new'].filter((id) => session.feed.isMember(id));
  session.close();
  assert.deepEqual(ids, ['first', 'second', 'new']);
});

test('of a user whose connection ended no further memberships are read', async () => {
  let pages = 0;
  memberships = (function* () {
    for (pages = 1; pages < 10; pages++) {
      if (pages === 2) connection.close(closeOf('normal'));
      yield [`group${pages}`];
    }
  })();
  plugin.resolve(ALICE);
  const opening = await begin();
  assert.equal(pages, 2);
  assert.throws(() => opening.enter(), { code: 'EAUTH' });
});
