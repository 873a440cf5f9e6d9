import type { Api } from './api.ts';

/**
 * Takes JSON bodies only. Keys that would reach a prototype are refused. An empty body is none, as many clients send
 * the JSON type with every DELETE.
 */
export function parseJsonBodies(app: Api): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else parse(request, body, done);
  });
}
