export type {
  CloseCause,
  Connection,
  ConnectionAcceptor,
  ConnectionHandler,
  ConnectionRequest,
  TransportName,
} from './connection.ts';
export {
  DEFAULT_SETTINGS,
  type MountOptions,
  type RefusalReason,
  type SockJsMountOptions,
  type TransportEvents,
  type TransportOptions,
  type TransportSettings,
} from './options.ts';
export type { AllowedOrigins } from './origin.ts';
export { Batch, Payload } from './payload.ts';
export { clientAddress } from './request.ts';
export { isWebSocketUpgrade, TransportServer } from './server.ts';
export { encodeWebSocketFrame } from './websocket-frame.ts';
