import { quoteForScript, readCallback } from './callback.ts';
import { JAVASCRIPT, respond, TEXT } from './http.ts';
import type { ReceiverFormat } from './receiver.ts';
import type { SessionEndpoint } from './routes.ts';

const format = (callback: string): ReceiverFormat => ({
  transport: 'jsonp',
  contentType: JAVASCRIPT,
  prelude: '',
  streams: false,
  // The comment keeps the answer from being taken for a Flash file (the "Rosetta Flash" attack).
  wrap: (frame) => `/**/${callback}(${quoteForScript(frame)});\r\n`,
});

export const JSONP: SessionEndpoint = {
  method: 'GET',
  handle: (exchange) => {
    const callback = readCallback(exchange.query);
    if ('problem' in callback) return respond(exchange.response, 500, TEXT, callback.problem);
    exchange.response.setHeader('X-Content-Type-Options', 'nosniff');
    exchange.receive(format(callback.name));
  },
};

export const JSONP_SEND: SessionEndpoint = {
  method: 'POST',
  handle: (exchange) => {
    const type = exchange.request.headers['content-type'] ?? '';
    const isForm = type.startsWith('application/x-www-form-urlencoded');
    exchange.send(
      (body) => (isForm ? (new URLSearchParams(body).get('d') ?? '') : body),
      // Konqueror does odd things on 204.
      (response) => respond(response, 200, TEXT, 'ok'),
    );
  },
};
