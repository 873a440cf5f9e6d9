import type { Api } from './api.ts';

/** How long requests that are being answered may take when the server stops, in ms. */
const GRACE = 1500;
/** From one look for connections without a request to the next, in ms. */
const IDLE_CHECK = 50;

/** Takes no more requests, lets those under way be answered for a while, and then cuts what is left. */
export async function closeHttp(api: Api): Promise<void> {
  const { server } = api;
  const cutIdle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK);
  const cutAll = setTimeout(() => server.closeAllConnections(), GRACE);
  try {
    await api.close();
  } finally {
    clearInterval(cutIdle);
    clearTimeout(cutAll);
  }
}
