import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SERVICE_STATES } from '../desk/model.ts';
import { canMove, requireMove, requireNotClosed, requireState } from './service-state.ts';

const IS_CLOSED = { code: 'ECONFLICT', field: 'sessionId', message: 'the service session is closed' };

test('a service session only takes the steps of the table', () => {
  const steps = SERVICE_STATES.flatMap((from) =>
    SERVICE_STATES.filter((to) => canMove(from, to)).map((to) => `${from} ${to}`),
  );
  assert.deepEqual(steps, [
    'queued active',
    'queued closed',
    'active queued',
    'active active',
    'active closed',
  ]);
  requireMove('queued', 'closed');
  assert.throws(() => requireMove('closed', 'closed'), IS_CLOSED);
});

test('a service session is refused that is in another state than it must be', () => {
  requireState('queued', 'queued');
  requireNotClosed('active');
  assert.throws(() => requireState('closed', 'queued'), IS_CLOSED);
  assert.throws(() => requireNotClosed('closed'), IS_CLOSED);
});
