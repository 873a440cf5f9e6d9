import {
  encodeSockJsClose,
  parseSockJsWebSocketMessage,
  SOCKJS_HEARTBEAT_FRAME,
  SOCKJS_OPEN_FRAME,
  SockJsPayloadError,
} from '@haina/wire';
import { Payload } from '../payload.ts';
import type { WebSocketFraming } from '../websocket-connection.ts';

/** SockJS over a WebSocket: the same frames as over HTTP, each in a text message; the session is the connection. */
export const SOCKJS_FRAMING: WebSocketFraming = {
  transport: 'sockjs-websocket',
  carriesBinary: false,
  opening: Payload.text(SOCKJS_OPEN_FRAME),
  heartbeat: Payload.text(SOCKJS_HEARTBEAT_FRAME),
  encode: (batch) => batch.sockJsWebSocketFrame,
  split: (batch) => [Payload.text(batch.sockJsFrame)],
  closing: (close) => Payload.text(encodeSockJsClose(close)),
  decode: (data, binary, deliver) => {
    if (binary) throw new SockJsPayloadError('shape');
    for (const message of parseSockJsWebSocketMessage(data.toString())) {
      deliver(message, false, Buffer.byteLength(message));
    }
  },
};
