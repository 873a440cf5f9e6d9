import { SERVICE_STATES } from '../../core/desk/model.ts';
import type { ServiceQuery, TallyCursor, TallyQuery } from '../../core/ports/desk-store.ts';
import { afterLast, type Look, look, pages } from './looks.ts';
import { NOWHERE, SKILLS, type TenantModel } from './world.ts';

const LIMIT = 3;

/** What a tenant's desk has. */
export function* deskLooks(model: TenantModel, now: number): Generator<Look> {
  const tenant = model.id;
  yield look('findBoard', tenant);
  yield look('countDesk', tenant);
  yield tallies({ tenant, from: 0, to: now + 1, limit: LIMIT });
  yield tallies({ tenant, from: now - 5000, to: now, limit: 100 });
  for (const skill of SKILLS) yield look('listQueue', tenant, skill, 100);
  for (const sessionId of [...model.services.keys(), NOWHERE]) {
    yield look('findService', tenant, sessionId);
    yield look('queuePosition', tenant, sessionId);
    yield look('listNotes', tenant, sessionId, 2);
    yield look('listNotes', tenant, sessionId, 100);
  }
  yield services({ tenant, limit: LIMIT });
  yield services({ tenant, limit: LIMIT, from: now - 9000, to: now - 500 });
  for (const state of SERVICE_STATES) yield services({ tenant, limit: LIMIT, state });
  for (const skill of SKILLS) yield services({ tenant, limit: LIMIT, skill });
  for (const userId of model.users) {
    yield services({ tenant, limit: LIMIT, agentId: userId });
    yield services({ tenant, limit: LIMIT, customerId: userId });
  }
}

function tallies(query: TallyQuery): Look {
  return pages(
    'tallyServices',
    [query],
    (store, after?: TallyCursor) => store.tallyServices({ ...query, ...(after && { after }) }),
    ({ next }) => next,
  );
}

function services(query: ServiceQuery): Look {
  return pages(
    'listServices',
    [query],
    (store, after?: string) => store.listServices({ ...query, ...(after === undefined ? {} : { after }) }),
    afterLast(LIMIT, ({ id }) => id),
  );
}
