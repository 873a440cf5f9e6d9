import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HTML, respond, setCached } from './http.ts';

/** `/iframe.html`, or with a version for caching, `/iframe-1.6.1.html`. */
export const IFRAME_PATH = /^\/iframe[-.\w]*\.html$/;

/**
 * The page that browsers without CORS load into a hidden frame: it speaks to us from our own origin and to the page
 * around it by `postMessage` (sockjs-protocol 1.0, "IFrame page", gives its exact text).
 */
export class IframePage {
  readonly #body: string;
  readonly #tag: string;
  readonly #framePolicy: string | undefined;

  /**
   * @param clientUrl where the page loads sockjs-client from
   * @param framePolicy who may embed the page: whoever may, gets around the origin check
   */
  constructor(clientUrl: string, framePolicy: string | undefined) {
    this.#body = render(clientUrl);
    this.#tag = `"${createHash('sha256').update(this.#body).digest('base64url')}"`;
    this.#framePolicy = framePolicy;
  }

  respond(request: IncomingMessage, response: ServerResponse): void {
    setCached(response);
    response.setHeader('ETag', this.#tag);
    if (this.#framePolicy !== undefined) response.setHeader('Content-Security-Policy', this.#framePolicy);
    if (request.headers['if-none-match'] === this.#tag) respond(response, 304);
    else respond(response, 200, HTML, this.#body);
  }
}

function render(clientUrl: string): string {
  const url = clientUrl.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="${url}"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>`;
}
