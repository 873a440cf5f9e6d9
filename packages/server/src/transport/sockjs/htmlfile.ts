import { quoteForScript, readCallback } from './callback.ts';
import { HTML, respond, TEXT } from './http.ts';
import type { ReceiverFormat } from './receiver.ts';
import type { SessionEndpoint } from './routes.ts';

/** Safari shows nothing of a page before 1 KiB of it is there. */
const PRELUDE_BYTES = 1025;

const prelude = (callback: string): string =>
  `<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.${callback};
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>`.padEnd(PRELUDE_BYTES);

const format = (callback: string): ReceiverFormat => ({
  transport: 'htmlfile',
  contentType: HTML,
  prelude: `${prelude(callback)}\r\n\r\n`,
  streams: true,
  wrap: (frame) => `<script>\np(${quoteForScript(frame)});\n</script>\r\n`,
});

export const HTMLFILE: SessionEndpoint = {
  method: 'GET',
  handle: (exchange) => {
    const callback = readCallback(exchange.query);
    if ('name' in callback) exchange.receive(format(callback.name));
    else respond(exchange.response, 500, TEXT, callback.problem);
  },
};
