import type { ReceiverFormat } from './receiver.ts';
import type { SessionEndpoint } from './routes.ts';

const FORMAT: ReceiverFormat = {
  transport: 'eventsource',
  contentType: 'text/event-stream',
  // Opera needs a new line first.
  prelude: '\r\n',
  streams: true,
  // Frames are JSON, so that they hold no line break of their own.
  wrap: (frame) => `data: ${frame}\r\n\r\n`,
};

export const EVENTSOURCE: SessionEndpoint = {
  method: 'GET',
  handle: (exchange) => exchange.receive(FORMAT),
};
