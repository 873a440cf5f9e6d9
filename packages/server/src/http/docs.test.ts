import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type HttpFixture, startHttp } from './http-fixture.ts';

let http: HttpFixture;
// biome-ignore lint/suspicious/noExplicitAny: a document of another specification
let document: any;
before(async () => {
  http = await startHttp();
  document = (await http.call('GET', '/docs/json')).body;
});
after(() => http.stop());

const ROUTES = {
  '/healthz': ['get'],
  '/readyz': ['get'],
  '/api/v1/login': ['post'],
  '/api/v1/users': ['get', 'post'],
  '/api/v1/users/me': ['get', 'patch'],
  '/api/v1/users/{id}': ['delete', 'get', 'patch'],
  '/api/v1/users/{id}/sessions/end': ['post'],
  '/api/v1/presence': ['get'],
  '/api/v1/groups': ['get', 'post'],
  '/api/v1/groups/{id}': ['delete', 'get', 'patch'],
  '/api/v1/groups/{id}/members': ['get', 'post'],
  '/api/v1/groups/{id}/members/{userId}': ['delete', 'patch'],
  '/api/v1/groups/{id}/owner': ['put'],
  '/api/v1/files': ['post'],
  '/files/{id}': ['get', 'head'],
  '/api/v1/rooms': ['get', 'post'],
  '/api/v1/rooms/{number}': ['delete', 'get', 'patch'],
  '/api/v1/conversations': ['get'],
  '/api/v1/conversations/{id}/messages': ['get'],
  '/api/v1/conversations/{id}/pins': ['get'],
  '/api/v1/conversations/{id}/read': ['post'],
  '/api/v1/messages/{id}': ['delete'],
  '/api/v1/messages/{id}/recall': ['post'],
  '/api/v1/notifications': ['get', 'post'],
  '/api/v1/notifications/{id}/read': ['post'],
  '/api/v1/admin/settings': ['get', 'put'],
  '/api/v1/admin/users/{id}/permissions': ['get', 'put'],
  '/api/v1/admin/audit': ['get'],
  '/api/v1/events': ['post'],
  '/api/v1/webhooks': ['get', 'post'],
  '/api/v1/webhooks/{id}': ['delete'],
  '/api/v1/webhooks/dead-letters': ['get'],
  '/api/v1/webhooks/dead-letters/{id}/retry': ['post'],
  '/api/v1/desk/stats': ['get'],
  '/api/v1/desk/sessions': ['get'],
  '/api/v1/broadcasts': ['post'],
};

test('the OpenAPI document has every route', () => {
  assert.equal(document.openapi, '3.1.0');
  assert.deepEqual(
    Object.fromEntries(
      Object.entries(document.paths).map(([path, item]) => [path, Object.keys(item as object).sort()]),
    ),
    ROUTES,
  );
});

test('every route has a summary, a known tag, described answers, and security where it wants a token', () => {
  const tags = document.tags.map(({ name }: { name: string }) => name);
  for (const [path, methods] of Object.entries(ROUTES)) {
    for (const method of methods) {
      const operation = document.paths[path][method];
      const name = `${method} ${path}`;
      assert.ok(operation.summary, name);
      assert.ok(tags.includes(operation.tags[0]), name);
      assert.deepEqual(operation.security, securityOf(path), name);
      for (const [status, answer] of Object.entries<{ description: string }>(operation.responses)) {
        assert.match(status, /^(200|201|202|204|206|304|4XX|5XX)$/, name);
        assert.notEqual(answer.description, 'Default Response', `${name} ${status}`);
      }
      const inPath = (operation.parameters ?? []).filter(
        (parameter: { in: string }) => parameter.in === 'path',
      );
      assert.deepEqual(
        inPath.map((parameter: { name: string }) => `{${parameter.name}}`),
        path.match(/\{\w+\}/g) ?? [],
        name,
      );
    }
  }
});

/** What a route wants of a token: in the header, or for what pages show in the query too. */
function securityOf(path: string): object[] | undefined {
  if (path.startsWith('/files/')) return [{ token: [] }, { tokenInQuery: [] }];
  return path === '/api/v1/login' || !path.startsWith('/api/') ? undefined : [{ token: [] }];
}

test('the upload takes a form, and a file comes as bytes', () => {
  const { requestBody } = document.paths['/api/v1/files'].post;
  assert.equal(requestBody.content['multipart/form-data'].schema.properties.file.format, 'binary');
  const { responses } = document.paths['/files/{id}'].get;
  assert.equal(responses['200'].content['*/*'].schema.format, 'binary');
});

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
    ([, target]) => target ?? '',
  );
  assert.ok(references.length > 10);
  for (const reference of references) {
    const [, name = ''] = /^#\/components\/schemas\/(\w+)$/.exec(reference) ?? [];
    assert.ok(document.components.schemas[name], reference);
  }
});

test('the page and all it loads come from this server', async () => {
  const page = await http.call('GET', '/docs');
  assert.equal(page.status, 200);
  assert.match(String(page.headers['content-security-policy']), /^default-src 'self'; script-src 'self';/);
  const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, asset]) => asset ?? '');
  assert.ok(assets.length >= 5);
  for (const asset of assets) {
    assert.doesNotMatch(asset, /^(https?:)?\/\//);
    const path = new URL(asset, `${http.url}/docs`).pathname;
    assert.equal((await http.call('GET', path)).status, 200, path);
  }
});

for (const [path, method, field, bound] of [
  ['/api/v1/users', 'post', 'uid', { minimum: 1, maximum: 2 ** 52 }],
  ['/api/v1/users', 'post', 'username', { minLength: 1 }],
  ['/api/v1/users', 'get', 'after', { minLength: 1 }],
  ['/api/v1/presence', 'get', 'users', { minLength: 1 }],
  ['/api/v1/groups', 'post', 'name', { minLength: 1 }],
  ['/api/v1/webhooks', 'post', 'secret', { minLength: 16, maxLength: 256 }],
  ['/api/v1/broadcasts', 'post', 'topic', { minLength: 1, maxLength: 200 }],
  ['/api/v1/conversations/{id}/messages', 'get', 'before', { minimum: 1, maximum: 10 ** 15 - 1 }],
  ['/api/v1/desk/sessions', 'get', 'to', { maximum: 10 ** 15 - 1 }],
] as const) {
  test(`the document says the bounds of ${field} in ${method} ${path}`, () => {
    const { requestBody, parameters = [] } = document.paths[path][method];
    const inQuery = parameters.find(({ name }: { readonly name: string }) => name === field)?.schema;
    const schema = inQuery ?? requestBody.content['application/json'].schema.properties[field];
    // What may be null in a body has its form beside that of null.
    const form = schema.anyOf?.[0] ?? schema;
    assert.deepEqual({ ...form, ...bound }, form);
  });
}
