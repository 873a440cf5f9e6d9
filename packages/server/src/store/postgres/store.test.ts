import { test } from 'node:test';
import { SKIP_POSTGRES } from '../../../test/support/postgres.ts';
import { twoStoresContract } from '../contract/two-stores.ts';
import { deskStoreContract } from '../desk-store-contract.ts';
import { storeContract } from '../store-contract.ts';
import { openForTest, openTwoForTest } from './store-fixture.ts';

if (SKIP_POSTGRES) {
  test('postgres: the store contract', { skip: SKIP_POSTGRES });
} else {
  await storeContract('postgres', openForTest);
  deskStoreContract('postgres', openForTest);
  await twoStoresContract('postgres', openTwoForTest);
}
