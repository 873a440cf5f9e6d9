import { ANY_TENANT } from '../../core/model.ts';
import type { Dialect } from '../common/dialect.ts';
import type { DialectServices } from '../common/services.ts';
import type { StompBinding } from '../common/stomp/binding.ts';
import { StompDialectHandler } from '../common/stomp/handler.ts';
import { XUQM } from './catalog.ts';
import { xuqmSession } from './session.ts';

const BINDING: StompBinding = {
  dialect: XUQM,
  tenant: ANY_TENANT,
  admit: () => ({ open: xuqmSession }),
};

/** Multi-tenant chat: the tenant is the token's `app`. */
export function xuqm(services: DialectServices): Dialect {
  return {
    name: XUQM,
    summary: 'Multi-tenant chat over STOMP, plain WebSocket or SockJS, JSON bodies',
    paths: ['/ws/im'],
    openSession: (stomp) => new StompDialectHandler(services, BINDING, stomp),
  };
}
