import { JAVASCRIPT, TEXT } from './http.ts';
import type { ReceiverFormat } from './receiver.ts';
import type { SessionEndpoint } from './routes.ts';

const wrap = (frame: string): string => `${frame}\n`;

const POLLING: ReceiverFormat = {
  transport: 'xhr',
  contentType: JAVASCRIPT,
  prelude: '',
  streams: false,
  wrap,
};

const STREAMING: ReceiverFormat = {
  transport: 'xhr_streaming',
  contentType: JAVASCRIPT,
  // Internet Explorer shows nothing of a response before 2 KiB of it are there.
  prelude: `${'h'.repeat(2048)}\n`,
  streams: true,
  wrap,
};

export const XHR: SessionEndpoint = {
  method: 'POST',
  handle: (exchange) => exchange.receive(POLLING),
};

export const XHR_STREAMING: SessionEndpoint = {
  method: 'POST',
  handle: (exchange) => exchange.receive(STREAMING),
};

export const XHR_SEND: SessionEndpoint = {
  method: 'POST',
  handle: (exchange) =>
    exchange.send(
      (body) => body,
      (response) => {
        // Firefox takes an answer without a type for XML, even where there is no content.
        response.setHeader('Content-Type', TEXT);
        response.statusCode = 204;
        response.end();
      },
    ),
};
