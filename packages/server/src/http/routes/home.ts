import { createHash } from 'node:crypto';
import type { Api } from '../api.ts';
import { ASYNC_API_PATH } from './asyncapi.ts';

/** Where clients of one dialect connect. */
export interface Endpoint {
  readonly dialect: string;
  readonly path: string;
  /** What speaks there, in a few words: `STOMP over WebSocket and SockJS`. */
  readonly summary: string;
}

export interface HomeOptions {
  readonly version: string;
  readonly endpoints: readonly Endpoint[];
  readonly metrics: boolean;
}

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:4rem auto;padding:0 1rem;color:#123}code{background:#eef3f6;padding:.1em .3em;border-radius:3px}td{padding:.3rem 1rem .3rem 0}@media(prefers-color-scheme:dark){body{background:#10181d;color:#cde}code{background:#1d2a31}a{color:#7cf}}';
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Tells whoever opens the address what this is, and where everything else is. */
export function homeRoute(api: Api, options: HomeOptions): void {
  const links = [
    ...options.endpoints.map(({ path, summary }) => ({ path, summary })),
    { path: '/api/v1', summary: 'HTTP API' },
    { path: '/docs', summary: 'API reference' },
    { path: ASYNC_API_PATH, summary: 'the im protocol as AsyncAPI' },
    { path: '/healthz', summary: 'is the process alive?' },
    { path: '/readyz', summary: 'can it serve?' },
    ...(options.metrics ? [{ path: '/metrics', summary: 'figures for Prometheus' }] : []),
  ];
  const toPrograms = new Set(['/api/v1', ...options.endpoints.map(({ path }) => path)]);
  const html = page(options.version, links, toPrograms);
  const json = { name: 'haina', version: options.version, links };
  api.get('/', { schema: { hide: true } }, async (request, reply) => {
    reply.header('vary', 'accept, origin');
    if (!request.headers.accept?.includes('text/html')) return reply.send(json);
    reply.header(
      'content-security-policy',
      `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; frame-ancestors 'none'`,
    );
    return reply.type('text/html; charset=utf-8').send(html);
  });
}

interface Link {
  readonly path: string;
  readonly summary: string;
}

/** @param toPrograms paths that answer to programs: only pages are links */
function page(version: string, links: readonly Link[], toPrograms: ReadonlySet<string>): string {
  const rows = links.map(
    ({ path, summary }) =>
      `<tr><td>${toPrograms.has(path) ? code(path) : link(path)}</td><td>${escapeHtml(summary)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>haina</title>
<style>${STYLE}</style>
<h1>haina</h1>
<p>One message server for every client. Version ${escapeHtml(version)}.</p>
<table>
${rows.join('\n')}
</table>
</html>
`;
}

function link(path: string): string {
  return `<a href="${escapeHtml(path)}">${code(path)}</a>`;
}

function code(path: string): string {
  return `<code>${escapeHtml(path)}</code>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
