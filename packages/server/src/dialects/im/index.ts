import type { StompSession } from '../../stomp/session.ts';
import type { Dialect } from '../common/dialect.ts';
import type { DialectServices } from '../common/services.ts';
import { IM, ImHandler } from './handler.ts';

/** The full chat protocol: a typed envelope in JSON or protobuf, statuses, edits, quotes, forwards and pins. */
export function im(services: DialectServices): Dialect {
  return {
    name: IM,
    summary: 'Chat with a typed envelope over STOMP, JSON or protobuf bodies',
    paths: ['/ws'],
    openSession: (stomp: StompSession) => new ImHandler(services, stomp),
  };
}
