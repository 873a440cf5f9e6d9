import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGENT_PATH, CUSTOMER_PATH, requireEndpoint } from './roles.ts';

test('each endpoint is for its own roles', () => {
  requireEndpoint(CUSTOMER_PATH, 'user');
  requireEndpoint(AGENT_PATH, 'agent');
  assert.throws(() => requireEndpoint(AGENT_PATH, 'user'), { code: 'EPERM' });
});

for (const path of ['constructor', '__proto__', '/ws/other']) {
  test(`${path} is no endpoint, and for nobody`, () => {
    assert.throws(() => requireEndpoint(path, 'user'), { code: 'EPERM' });
  });
}
