import type { Dialect } from '../common/dialect.ts';
import type { DialectServices } from '../common/services.ts';
import { StompDialectHandler } from '../common/stomp/handler.ts';
import { mimiBinding } from './binding.ts';
import { MIMI } from './name.ts';

/** What the document calls its SockJS and its plain endpoint; each is both. */
const ENDPOINTS = ['/socketServer', '/client'];

/**
 * Point-to-point chat in which the receiver confirms each message.
 *
 * @param tenant whose users it is for, or `ANY_TENANT`
 * @param prefix of the endpoints, such as `/Mimi`, a pattern such as `/*`, or `/` for none; they are there without it too
 */
export function mimi(services: DialectServices, tenant: string, prefix: string): Dialect {
  const binding = mimiBinding(services, tenant);
  return {
    name: MIMI,
    summary: 'Point-to-point chat over STOMP in which the receiver confirms each message',
    ...placesOf(prefix),
    openSession: (stomp) => new StompDialectHandler(services, binding, stomp),
  };
}

function placesOf(prefix: string): Pick<Dialect, 'paths' | 'aliases' | 'contextPath'> {
  if (prefix.includes('*')) return { paths: ENDPOINTS, contextPath: prefix };
  const paths = ENDPOINTS.map((path) => `${prefix === '/' ? '' : prefix}${path}`);
  return { paths, aliases: ENDPOINTS.filter((path) => !paths.includes(path)) };
}
