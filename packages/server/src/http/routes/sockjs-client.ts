import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Api } from '../api.ts';

/** Where this server has its copy of the SockJS client. */
export const SOCKJS_CLIENT_PATH = '/sockjs/sockjs.min.js';

const FILE = createRequire(import.meta.url).resolve('sockjs-client/dist/sockjs.min.js');
const DAY = 86_400;

/** The SockJS client for the page of its iframe transports, so that these need nobody else's server. */
export function sockJsClientRoute(api: Api): void {
  let loaded: Promise<{ script: Buffer; etag: string }> | undefined;
  api.get(SOCKJS_CLIENT_PATH, { schema: { hide: true } }, async (request, reply) => {
    loaded ??= load();
    const { script, etag } = await loaded;
    reply.header('etag', etag).header('cache-control', `public, max-age=${DAY}`);
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type('text/javascript; charset=utf-8').send(script);
  });
}

async function load(): Promise<{ script: Buffer; etag: string }> {
  const script = await readFile(FILE);
  return { script, etag: `"${createHash('sha256').update(script).digest('base64url')}"` };
}
