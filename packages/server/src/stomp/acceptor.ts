import type { ConnectionAcceptor } from '../transport/connection.ts';
import type { StompHandlerFactory } from './handler.ts';
import { createStompContext, type StompOptions } from './options.ts';
import { StompSession } from './session.ts';

/** Speaks STOMP on every connection of a mount point. */
export function stompAcceptor(
  handlerFactory: StompHandlerFactory,
  options?: StompOptions,
): ConnectionAcceptor {
  const context = createStompContext(options);
  return (connection) => new StompSession(connection, handlerFactory, context);
}
