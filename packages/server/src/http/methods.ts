import type { onRequestHookHandler } from 'fastify';
import type { Api } from './api.ts';

/** A path as the routes have it, and what may be done there. */
interface Declared {
  readonly path: RegExp;
  readonly methods: Set<string>;
}

/**
 * Answers a method that a path does not have with 405 and those that it has (RFC 9110 section 15.5.6). What is declared
 * of a path without parameters is all that it has: `/users/me` does not have what `/users/:id` has. To be called before the
 * routes are added.
 */
export function refuseOtherMethods(app: Api): void {
  const declared = new Map<string, Declared>();
  app.addHook('onRoute', ({ url, method }) => {
    const path = withoutSlash(url);
    const known = declared.get(path) ?? { path: patternOf(path), methods: new Set<string>() };
    declared.set(path, known);
    for (const each of [method].flat()) known.methods.add(each);
  });
  app.addHook('onRequest', otherMethods(declared));
}

function otherMethods(declared: ReadonlyMap<string, Declared>): onRequestHookHandler {
  return (request, reply, done) => {
    const path = withoutSlash(request.url.split('?', 1)[0] ?? '');
    const own = declared.get(path)?.methods;
    if (own ? own.has(request.method) : !request.is404) return done();
    const others = [...declared.values()].flatMap((each) => (each.path.test(path) ? [...each.methods] : []));
    const methods = own ? [...own] : others;
    if (methods.length === 0) return done();
    reply.header('allow', [...new Set(methods)].join(', '));
    return done(Object.assign(new Error('no such method'), { statusCode: 405 }));
  };
}

/** `/users/:id` as a regular expression. */
function patternOf(url: string): RegExp {
  const parts = url.split('/');
  const sources = parts.map((part) => (part.startsWith(':') ? '[^/]+' : RegExp.escape(part)));
  return new RegExp(`^${sources.join('/')}$`);
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
