import type { Api } from '../api.ts';

export const ASYNC_API_PATH = '/asyncapi.json';

/** The AsyncAPI document, for tools and for who writes a client; `describe` is asked once. */
export function asyncApiRoute(api: Api, describe: () => Promise<object>): void {
  let written: Promise<string> | undefined;
  api.get(ASYNC_API_PATH, { schema: { hide: true } }, async (_request, reply) => {
    written ??= describe().then((document) => JSON.stringify(document));
    return reply.type('application/json; charset=utf-8').send(await written);
  });
}
