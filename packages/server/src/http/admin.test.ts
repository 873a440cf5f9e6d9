import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type HttpFixture, principal, startHttp } from './http-fixture.ts';

const SETTINGS = '/api/v1/admin/settings';
const AUDIT = '/api/v1/admin/audit';
const permissionsOf = (id: string) => `/api/v1/admin/users/${id}/permissions`;
const admin = principal('admin', 'admin');
const service = principal('backend', 'service');

let http: HttpFixture;
before(async () => {
  http = await startHttp();
  for (const id of ['admin', 'alice']) await http.core.users.create(admin, { id, username: id });
});
after(() => http.stop());

test('settings are what the server has until they are changed, one by one', async () => {
  const as = principal('admin', 'admin', 'settings');
  const found = async () => (await http.call('GET', SETTINGS, { as })).body;
  const defaults = { maxMessageLength: 2000, fileUploadLimit: 10 };
  assert.deepEqual(await found(), { configType: 'chat_settings', config: defaults });
  const body = { configType: 'chat_settings', newConfig: { fileUploadLimit: 20 }, reason: '提升用户体验' };
  const { status, body: change } = await http.call('PUT', SETTINGS, { as, body });
  assert.equal(status, 200);
  const { id, changedAt, ...rest } = change;
  assert.match(id, /^[\w-]{36}$/);
  assert.ok(Math.abs(changedAt - Date.now()) < 60_000);
  const newConfig = { maxMessageLength: 2000, fileUploadLimit: 20 };
  assert.deepEqual(rest, {
    configType: 'chat_settings',
    oldConfig: defaults,
    newConfig,
    changedBy: 'admin',
    reason: '提升用户体验',
  });
  assert.deepEqual(await found(), { configType: 'chat_settings', config: newConfig });
  assert.deepEqual((await http.call('GET', SETTINGS, { as: service })).body.config, defaults);
});

test('a permission is full access until it is changed, also by a service', async () => {
  const found = async () => (await http.call('GET', permissionsOf('alice'), { as: service })).body;
  const before = { userId: 'alice', permissionType: 'chat_permission', permission: 'full_access' };
  assert.deepEqual(await found(), before);
  const body = { permissionType: 'chat_permission', newPermission: 'read_only', reason: 'noise' };
  const { status, body: change } = await http.call('PUT', permissionsOf('alice'), { as: service, body });
  const { id: _, changedAt: __, ...rest } = change;
  assert.equal(status, 200);
  assert.deepEqual(rest, {
    userId: 'alice',
    permissionType: 'chat_permission',
    oldPermission: 'full_access',
    newPermission: 'read_only',
    changedBy: 'backend',
    reason: 'noise',
  });
  assert.deepEqual(await found(), { ...before, permission: 'read_only' });
});

test('the audit has every change with who, when and why, the newest first, in pages', async () => {
  const as = principal('root', 'admin', 'audited');
  await http.core.users.create(as, { id: 'carol', username: 'carol' });
  for (const maxMessageLength of [100, 200]) {
    const body = { configType: 'chat_settings', newConfig: { maxMessageLength }, reason: 'shorter' };
    await http.call('PUT', SETTINGS, { as, body });
  }
  const body = { permissionType: 'chat_permission', newPermission: 'read_only', reason: 'spam' };
  const made = await http.call('PUT', permissionsOf('carol'), { as, body });
  const first = await http.call('GET', `${AUDIT}?limit=2`, { as });
  assert.equal(first.status, 200);
  assert.deepEqual(first.body.entries[0], made.body);
  assert.deepEqual(first.body.entries[1].oldConfig, { maxMessageLength: 100, fileUploadLimit: 10 });
  assert.deepEqual(first.body.entries[1].newConfig, { maxMessageLength: 200, fileUploadLimit: 10 });
  const second = await http.call('GET', `${AUDIT}?limit=2&after=${first.body.next}`, { as });
  assert.equal(second.body.entries.length, 1);
  const { configType, changedBy, reason, oldConfig } = second.body.entries[0];
  assert.deepEqual(
    [configType, changedBy, reason, oldConfig.maxMessageLength],
    ['chat_settings', 'root', 'shorter', 2000],
  );
  assert.equal('next' in second.body, false);
});

const settings = (newConfig: unknown, reason: unknown = 'why') => ({
  configType: 'chat_settings',
  newConfig,
  reason,
});
const permission = (newPermission: unknown, reason: unknown = 'why') => ({
  permissionType: 'chat_permission',
  newPermission,
  reason,
});

for (const [path, body, status, code, field, message] of [
  [
    SETTINGS,
    { ...settings({ maxMessageLength: 5 }), configType: 'user_permissions' },
    400,
    'EINVAL',
    'configType',
    /one of chat_settings/,
  ],
  [SETTINGS, { newConfig: { maxMessageLength: 5 }, reason: 'x' }, 400, 'EINVAL', 'configType', /is missing/],
  [SETTINGS, { configType: 'chat_settings', reason: 'x' }, 400, 'EINVAL', 'newConfig', /is missing/],
  [SETTINGS, settings({}), 400, 'EINVAL', 'newConfig', /maxMessageLength, fileUploadLimit/],
  [SETTINGS, settings({ maxMessageLength: -1 }), 400, 'EINVAL', 'newConfig.maxMessageLength', /1 to 65536/],
  [SETTINGS, settings({ maxMessageLength: 0 }), 400, 'EINVAL', 'newConfig.maxMessageLength', /1 to 65536/],
  [SETTINGS, settings({ maxMessageLength: 1.5 }), 400, 'EINVAL', 'newConfig.maxMessageLength', /whole/],
  [SETTINGS, settings({ maxMessageLength: 1e12 }), 400, 'EINVAL', 'newConfig.maxMessageLength', /1 to 65536/],
  [SETTINGS, settings({ maxMessageLength: '5' }), 400, 'EINVAL', 'newConfig.maxMessageLength', /number/],
  [
    SETTINGS,
    settings({ maxMessageLength: null }),
    400,
    'EINVAL',
    'newConfig',
    /maxMessageLength, fileUploadLimit/,
  ],
  [SETTINGS, settings({ fileUploadLimit: -5 }), 400, 'EINVAL', 'newConfig.fileUploadLimit', /1 to 10240/],
  [SETTINGS, settings({ fileUploadLimit: 20_000 }), 400, 'EINVAL', 'newConfig.fileUploadLimit', /1 to 10240/],
  [SETTINGS, settings({ colour: 5 }), 400, 'EINVAL', 'newConfig.colour', /is not known here/],
  [
    SETTINGS,
    { configType: 'chat_settings', newConfig: { fileUploadLimit: 1 } },
    400,
    'EINVAL',
    'reason',
    /is missing/,
  ],
  [SETTINGS, settings({ fileUploadLimit: 1 }, ''), 400, 'EINVAL', 'reason', /empty/],
  [SETTINGS, settings({ fileUploadLimit: 1 }, '  '), 400, 'EINVAL', 'reason', /empty/],
  [SETTINGS, settings({ fileUploadLimit: 1 }, 'x'.repeat(501)), 413, 'ETOOLONG', 'reason', /500/],
  [SETTINGS, settings({ fileUploadLimit: 1 }, 5), 400, 'EINVAL', 'reason', /string/],
  [permissionsOf('alice'), permission('none'), 400, 'EINVAL', 'newPermission', /read_only, full_access/],
  [permissionsOf('alice'), permission(null), 400, 'EINVAL', 'newPermission', /read_only, full_access/],
  [
    permissionsOf('alice'),
    { ...permission('read_only'), permissionType: 'call' },
    400,
    'EINVAL',
    'permissionType',
    /chat_permission/,
  ],
  [
    permissionsOf('alice'),
    { permissionType: 'chat_permission', newPermission: 'read_only' },
    400,
    'EINVAL',
    'reason',
    /is missing/,
  ],
  [permissionsOf('alice'), permission('read_only', ' '), 400, 'EINVAL', 'reason', /empty/],
  [permissionsOf('nobody'), permission('read_only'), 404, 'ENOENT', 'id', /no user nobody/],
] as const) {
  test(`PUT ${path} ${JSON.stringify(body).slice(0, 90)} is refused: ${code}, and nothing is audited`, async () => {
    const newest = async () => (await http.call('GET', `${AUDIT}?limit=1`, { as: admin })).text;
    const before = await newest();
    const answer = await http.call('PUT', path, { as: admin, body });
    assert.deepEqual([answer.status, answer.body.code, answer.body.field], [status, code, field]);
    assert.match(answer.body.message, message);
    assert.equal(await newest(), before);
  });
}

test('one who is no user has no permissions to look up', async () => {
  const { status, body } = await http.call('GET', permissionsOf('nobody'), { as: admin });
  assert.deepEqual([status, body.code, body.field], [404, 'ENOENT', 'id']);
  const stranger = principal('admin', 'admin', 'elsewhere');
  assert.equal((await http.call('GET', permissionsOf('alice'), { as: stranger })).status, 404);
  const change = { as: stranger, body: permission('read_only') };
  assert.equal((await http.call('PUT', permissionsOf('alice'), change)).status, 404);
});

test('all of it takes the role admin or service', async () => {
  for (const as of [principal('alice'), principal('agent1', 'agent')]) {
    const answers = await Promise.all([
      http.call('GET', SETTINGS, { as }),
      http.call('PUT', SETTINGS, { as, body: settings({ maxMessageLength: 5 }) }),
      http.call('GET', permissionsOf('alice'), { as }),
      http.call('PUT', permissionsOf('alice'), { as, body: permission('full_access') }),
      http.call('GET', AUDIT, { as }),
    ]);
    for (const { status, body } of answers) {
      assert.deepEqual(
        [status, body],
        [403, { code: 'EPERM', message: 'only the role admin or service may do this' }],
      );
    }
  }
  assert.equal((await http.call('GET', AUDIT)).status, 401);
});
