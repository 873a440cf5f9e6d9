import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type HttpFixture, principal, startHttp } from './http-fixture.ts';

const EVENTS = '/api/v1/events';
const HOOKS = '/api/v1/webhooks';
const DEAD = `${HOOKS}/dead-letters`;
const admin = principal('admin', 'admin');
const login = { eventType: 'business.user.login', userId: 'alice' };

let http: HttpFixture;
before(async () => {
  http = await startHttp();
});
after(() => http.stop());

test('events are taken from an admin or a service, one or many, each id once', async () => {
  const one = await http.call('POST', EVENTS, { as: admin, body: { ...login, eventId: 'one' } });
  assert.deepEqual([one.status, one.body], [202, { eventIds: ['one'], repeats: 0 }]);
  const body = [{ ...login, eventId: 'one' }, login];
  const { status, body: answer } = await http.call('POST', EVENTS, { as: principal('crm', 'service'), body });
  assert.deepEqual([status, answer.eventIds[0], answer.repeats], [202, 'one', 1]);
  assert.match(answer.eventIds[1], /^[\w-]{36}$/);
  const elsewhere = { as: principal('admin', 'admin', 'elsewhere'), body: { ...login, eventId: 'one' } };
  assert.equal((await http.call('POST', EVENTS, elsewhere)).body.repeats, 0, 'ids are of a tenant');
});

test('what this deployment published is not told when it comes back', async () => {
  const body = { ...login, eventId: 'mine', origin: 'haina' };
  assert.equal((await http.call('POST', EVENTS, { as: admin, body })).body.repeats, 1);
});

for (const [body, status, code, field] of [
  [{ eventType: 'business.user.login' }, 400, 'EINVAL', 'userId'],
  [[login, { ...login, userId: {} }], 400, 'EINVAL', '1.userId'],
  [{ ...login, eventType: 'weather.rain' }, 400, 'EINVAL', 'eventType'],
  [{ ...login, appId: 'another' }, 403, 'EPERM', 'appId'],
  [Array.from({ length: 101 }, () => login), 413, 'ETOOLONG', 'body'],
  ['"text"', 400, 'EINVAL', 'body'],
] as const) {
  test(`POST ${EVENTS} ${JSON.stringify(body).slice(0, 60)} is refused: ${code} ${field}`, async () => {
    const answer = await http.call('POST', EVENTS, { as: admin, body });
    assert.deepEqual([answer.status, answer.body.code, answer.body.field], [status, code, field]);
  });
}

test('a list with one bad event is refused as a whole', async () => {
  const body = [{ ...login, eventId: 'good' }, { eventType: 'business.user.login' }];
  assert.equal((await http.call('POST', EVENTS, { as: admin, body })).status, 400);
  const again = await http.call('POST', EVENTS, { as: admin, body: { ...login, eventId: 'good' } });
  assert.equal(again.body.repeats, 0);
});

test('a webhook is listed without its secret, and there are so many', async () => {
  const as = principal('admin', 'admin', 'many');
  const body = { url: 'https://example.org/hook?key=1', events: ['business.*', 'business.*'] };
  const { status, body: made } = await http.call('POST', HOOKS, { as, body });
  assert.equal(status, 201);
  const { secret, ...shown } = made;
  assert.equal(secret, 'a secret that the server made');
  assert.deepEqual([shown.url, shown.events, shown.createdBy], [body.url, ['business.*'], 'admin']);
  assert.deepEqual((await http.call('GET', HOOKS, { as })).body, { webhooks: [shown] });
  assert.deepEqual((await http.call('GET', HOOKS, { as: admin })).body, { webhooks: [] });
  for (let i = 1; i < 20; i++) assert.equal((await http.call('POST', HOOKS, { as, body })).status, 201);
  const tooMany = await http.call('POST', HOOKS, { as, body });
  assert.deepEqual([tooMany.status, tooMany.body.limit], [409, 20]);
  assert.doesNotMatch(http.logged(), /a secret that the server made/);
});

for (const [change, status, code, field] of [
  [{ url: 'ftp://example.org/' }, 400, 'EINVAL', 'url'],
  [{ url: 'example.org' }, 400, 'EINVAL', 'url'],
  [{ url: 'https://me:pass@example.org/' }, 400, 'EINVAL', 'url'],
  [{ url: 'http://192.168.0.1/' }, 400, 'EINVAL', 'url'],
  [{ url: `https://example.org/${'x'.repeat(2048)}` }, 413, 'ETOOLONG', 'url'],
  [{ events: [] }, 400, 'EINVAL', 'events'],
  [{ events: ['weather.*'] }, 400, 'EINVAL', 'events'],
  [{ events: ['business.>'] }, 400, 'EINVAL', 'events'],
  [{ events: ['business.*.x'] }, 400, 'EINVAL', 'events'],
  [{ events: Array.from({ length: 51 }, () => '*') }, 413, 'ETOOLONG', 'events'],
  [{ secret: 'short' }, 400, 'EINVAL', 'secret'],
  [{ secret: 5 }, 400, 'EINVAL', 'secret'],
  [{ more: 1 }, 400, 'EINVAL', 'more'],
] as const) {
  test(`a webhook with ${JSON.stringify(change).slice(0, 60)} is refused: ${code} ${field}`, async () => {
    const body = { url: 'https://example.org/', events: ['*'], ...change };
    const answer = await http.call('POST', HOOKS, { as: admin, body });
    assert.deepEqual([answer.status, answer.body.code, answer.body.field], [status, code, field]);
  });
}

test('all of it takes the role admin or service', async () => {
  const body = { url: 'https://example.org/', events: ['*'] };
  for (const as of [principal('alice'), principal('agent1', 'agent')]) {
    const answers = await Promise.all([
      http.call('POST', EVENTS, { as, body: login }),
      http.call('POST', HOOKS, { as, body }),
      http.call('GET', HOOKS, { as }),
      http.call('DELETE', `${HOOKS}/x`, { as }),
      http.call('GET', DEAD, { as }),
      http.call('POST', `${DEAD}/1/retry`, { as }),
    ]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [403, 403, 403, 403, 403, 403],
    );
  }
  assert.equal((await http.call('POST', EVENTS, { body: login })).status, 401);
});

test('dead letters and webhooks that are not there are not found', async () => {
  assert.deepEqual((await http.call('GET', DEAD, { as: admin })).body, { deadLetters: [] });
  for (const path of [`${DEAD}/1/retry`, `${DEAD}/x/retry`]) {
    assert.equal((await http.call('POST', path, { as: admin })).status, 404);
  }
  assert.equal((await http.call('DELETE', `${HOOKS}/x`, { as: admin })).status, 404);
});
