import type { Catalog } from './common/catalog.ts';
import { DESK_CATALOG } from './desk/catalog.ts';
import { IM_CATALOG } from './im/catalog.ts';
import { MIMI_CATALOG } from './mimi/catalog.ts';
import { XUQM_CATALOG } from './xuqm/catalog.ts';

/** What all dialects over STOMP have themselves. */
export const CATALOGS: readonly Catalog[] = [XUQM_CATALOG, IM_CATALOG, MIMI_CATALOG, DESK_CATALOG];
