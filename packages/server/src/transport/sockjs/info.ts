import { randomInt } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { respond, setUncached } from './http.ts';

/** What a client asks first: what the server can do, and how far away it is (sockjs-protocol 1.0, "Info test"). */
export function respondInfo(response: ServerResponse, websocket: boolean, cookies: boolean): void {
  setUncached(response);
  const info = {
    websocket,
    cookie_needed: cookies,
    // Kept by the protocol, ignored by its clients.
    origins: ['*:*'],
    // For browsers without a good source of their own.
    entropy: randomInt(2 ** 32),
  };
  respond(response, 200, 'application/json; charset=UTF-8', JSON.stringify(info));
}
