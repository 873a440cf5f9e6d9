import { ANY_TENANT } from '../../core/model.ts';
import type { StompSession } from '../../stomp/session.ts';
import type { Dialect } from '../common/dialect.ts';
import type { DialectServices } from '../common/services.ts';
import { XUQM } from './catalog.ts';
import { XuqmHandler } from './handler.ts';

/** Multi-tenant chat: the tenant is the token's `app`. */
export function xuqm(services: DialectServices): Dialect {
  return {
    name: XUQM,
    summary: 'Multi-tenant chat over STOMP, plain WebSocket or SockJS, JSON bodies',
    paths: ['/ws/im'],
    openSession: (stomp: StompSession) => new XuqmHandler(services, stomp, ANY_TENANT),
  };
}
