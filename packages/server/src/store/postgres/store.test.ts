import { test } from 'node:test';
import { SKIP_POSTGRES } from '../../../test/support/postgres.ts';
import { deskStoreContract } from '../desk-store-contract.ts';
import { storeContract } from '../store-contract.ts';
import { openForTest } from './store-fixture.ts';

if (SKIP_POSTGRES) {
  test('postgres: the store contract', { skip: SKIP_POSTGRES });
} else {
  await storeContract('postgres', openForTest);
  deskStoreContract('postgres', openForTest);
}
