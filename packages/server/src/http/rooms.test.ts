import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { guestPrincipal } from '../core/guests.ts';
import { type HttpFixture, principal, startHttp } from './http-fixture.ts';

const PATH = '/api/v1/rooms';
const admin = principal('admin', 'admin');
const alice = principal('alice');

let http: HttpFixture;
before(async () => {
  http = await startHttp();
  for (const id of ['admin', 'alice']) await http.core.users.create(admin, { id, username: id });
});
after(() => http.stop());

test('a room is made, looked up, listed, changed and ended', async () => {
  const body = { number: 'E1', name: '房间名称', description: '房间描述', open: true, ownerId: 'alice' };
  const made = await http.call('POST', PATH, { as: admin, body });
  assert.equal(made.status, 201);
  const { createdAt, ...room } = made.body;
  assert.deepEqual(room, {
    number: 'E1',
    uid: -1,
    appId: 'default',
    name: '房间名称',
    description: '房间描述',
    open: true,
    history: 'since_join',
    owner: { id: 'alice', guest: false, nickname: 'alice' },
    present: 0,
    lastSeq: 0,
  });
  assert.deepEqual((await http.call('GET', `${PATH}/E1`, { as: admin })).body, made.body);
  await http.call('POST', PATH, { as: admin, body: { number: 'E2', name: 'x' } });
  const page = (await http.call('GET', `${PATH}?limit=1`, { as: admin })).body;
  assert.deepEqual([page.rooms.length, page.rooms[0].number, page.next], [1, 'E1', 'E1']);

  const change = { name: 'New', open: false, ownerId: null };
  const changed = await http.call('PATCH', `${PATH}/E1`, { as: admin, body: change });
  assert.deepEqual([changed.status, changed.body.name, changed.body.open], [200, 'New', false]);
  assert.deepEqual([changed.body.description, changed.body.owner], ['房间描述', null]);

  assert.equal((await http.call('DELETE', `${PATH}/E1`, { as: admin })).status, 204);
  assert.equal((await http.call('GET', `${PATH}/E1`, { as: admin })).status, 404);
  const { body: made2 } = await http.call('POST', PATH, { as: admin, body: { name: 'unnamed' } });
  assert.match(made2.number, /^[0-9a-f-]{36}$/);
  assert.equal(made2.open, false);
});

test('how many are in a room is told', async () => {
  await http.call('POST', PATH, { as: admin, body: { number: 'busy', name: 'x', open: true } });
  const guest = guestPrincipal('default', 'g', { name: '', number: '', nickname: '', avatar: '' });
  await http.core.attendance.join(guest, {
    roomId: 'busy',
    session: { id: 's', expelled() {} },
    seated() {},
  });
  assert.equal((await http.call('GET', `${PATH}/busy`, { as: admin })).body.present, 1);
});

test('managing rooms takes the role admin or service', async () => {
  await http.call('POST', PATH, { as: admin, body: { number: 'kept', name: 'x', ownerId: 'alice' } });
  const refusals = await Promise.all([
    http.call('POST', PATH, { as: alice, body: { name: 'x' } }),
    http.call('GET', PATH, { as: alice }),
    http.call('GET', `${PATH}/kept`, { as: alice }),
    http.call('PATCH', `${PATH}/kept`, { as: alice, body: { name: 'x' } }),
    http.call('DELETE', `${PATH}/kept`, { as: alice }),
  ]);
  for (const { status, body } of refusals) assert.deepEqual([status, body.code], [403, 'EPERM']);
});

for (const [body, status, code, field] of [
  [{}, 400, 'EINVAL', 'name'],
  [{ name: '' }, 400, 'EINVAL', 'name'],
  [{ name: 'x'.repeat(129) }, 413, 'ETOOLONG', 'name'],
  [{ name: 'x', description: 'x'.repeat(501) }, 413, 'ETOOLONG', 'description'],
  [{ name: 'x', number: 'a b' }, 400, 'EINVAL', 'id'],
  [{ name: 'x', open: 'yes' }, 400, 'EINVAL', 'open'],
  [{ name: 'x', ownerId: 'nobody' }, 404, 'ENOENT', 'ownerId'],
] as const) {
  test(`making ${JSON.stringify(body).slice(0, 60)} is refused: ${code}`, async () => {
    const answer = await http.call('POST', PATH, { as: admin, body });
    assert.deepEqual([answer.status, answer.body.code, answer.body.field], [status, code, field]);
  });
}

test('a room and a group can not have the same id', async () => {
  await http.call('POST', '/api/v1/groups', { as: admin, body: { id: 'both', name: 'x' } });
  const { status } = await http.call('POST', PATH, { as: admin, body: { number: 'both', name: 'x' } });
  assert.equal(status, 409);
  assert.equal((await http.call('DELETE', `${PATH}/both`, { as: admin })).status, 404);
});
