import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { RealClient } from './support/real-client.ts';
import { broken, fitsOf, fitting, type Schema } from './support/schema-values.ts';
import { startTestServer } from './support/server.ts';
import { tokenOf } from './support/token.ts';

// The OpenAPI document and the server agree: what fits the document is taken, what does not is refused, and answers are as it
// says. Each request is made from the document alone, but for what no schema can say (`RULES`) and for ids that are there.

interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly schema: Schema;
}
type Media = Readonly<Record<string, { readonly schema: Schema }>>;
interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Media };
  readonly responses: Readonly<Record<string, { readonly content?: Media }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}
interface Request {
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

const RUNS = 8;
const DAY = 86_400_000;
const ADMIN = tokenOf('tester', { role: 'admin' });

const server = await startTestServer({ loginTries: 0 });
after(() => server.stop());
const document = resolved(await (await fetch(`${server.url}/docs/json`)).json());
const ids = await makeThings();

for (const [path, method, operation] of operations()) {
  const name = `${method.toUpperCase()} ${path}`;
  const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema;

  test(`what fits the document is taken: ${name}`, () =>
    fc.assert(
      fc.asyncProperty(requests(operation, schema), async (made) => {
        const answer = await send(method, path, operation, RULES[name]?.(made) ?? made);
        const { status } = answer;
        assert.ok(status < 300 || [401, 403, 404, 409].includes(status), answer.text);
        assert.ok(status !== 401 || path === '/api/v1/login', answer.text);
        requireDeclared(operation, answer);
      }),
      { numRuns: RUNS },
    ));

  const spoiltQuery = (operation.parameters ?? [])
    .filter((parameter) => parameter.in === 'query')
    .flatMap(spoiltTexts);
  if (spoiltQuery.length > 0) {
    test(`a query that does not fit the document is refused: ${name}`, async () => {
      const fittingQuery = fc.sample(requests(operation, schema), 1)[0] ?? { query: {}, body: undefined };
      for (const [parameter, value] of spoiltQuery) {
        const query = { ...fittingQuery.query, [parameter]: value };
        requireRefused(operation, await send(method, path, operation, { ...fittingQuery, query }), { query });
      }
    });
  }

  if (schema) {
    const bad = fc.record({ query: queries(operation), body: broken(schema) });
    test(`a body that does not fit the document is refused: ${name}`, () =>
      fc.assert(
        fc.asyncProperty(bad, async (made) => {
          // A form holds texts only.
          fc.pre(!isForm(operation) || ['undefined', 'string'].includes(typeof fileOf(made.body)));
          requireRefused(operation, await send(method, path, operation, made), made);
        }),
        { numRuns: RUNS * 2 },
      ));
  }
}

for (const [path, item] of Object.entries(document.paths)) {
  test(`a method that the document does not have is 405, and Allow has those it has: ${path}`, async () => {
    const declared = Object.keys(item).map((method) => method.toUpperCase());
    const allowed = new Set([...declared, ...(declared.includes('GET') ? ['HEAD'] : [])]);
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      if (allowed.has(method)) continue;
      const { status, allow } = await exchange(
        server.url + urlOf(path),
        method,
        Buffer.alloc(0),
        bearer(ADMIN),
      );
      assert.equal(status, 405, method);
      assert.deepEqual(new Set(allow?.split(', ')), allowed, method);
    }
  });
}

/** What a document can't say: rules over two fields and the clock, and where a webhook may lead. */
const RULES: Readonly<Record<string, (request: Request) => Request>> = {
  'POST /api/v1/notifications': ({ query, body }) => {
    const { at, expiresAt, ...rest } = body as Record<string, unknown>;
    const due = Date.now() + DAY;
    const times = {
      ...(at == null ? {} : { at: due }),
      ...(expiresAt == null ? {} : { expiresAt: due + DAY }),
    };
    return { query, body: { ...rest, ...times } };
  },
  'GET /api/v1/desk/stats': ({ query: { from, to = Date.now() }, body }) => {
    const end = Math.max(Number(to), DAY);
    return { query: { to: end, ...(from === undefined ? {} : { from: end - DAY }) }, body };
  },
  'POST /api/v1/webhooks': ({ query, body }) => ({
    query,
    body: { ...(body as object), url: 'https://example.org/haina' },
  }),
};

/** What ends things comes last. */
function operations(): (readonly [path: string, method: string, operation: Operation])[] {
  const all = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => [path, method, operation] as const),
  );
  return all.sort(([, one], [, other]) => Number(one === 'delete') - Number(other === 'delete'));
}

function requests(operation: Operation, schema: Schema | undefined): fc.Arbitrary<Request> {
  const body = schema ? fitting(schema) : fc.constant(undefined);
  const maybe = operation.requestBody?.required === false ? fc.option(body, { nil: undefined }) : body;
  return fc.record({ query: queries(operation), body: maybe });
}

function queries({ parameters = [] }: Operation): fc.Arbitrary<Request['query']> {
  const inQuery = parameters.filter((parameter) => parameter.in === 'query' && parameter.name !== 'token');
  const requiredKeys = inQuery.flatMap(({ name, required }) => (required === true ? [name] : []));
  return fc.record(Object.fromEntries(inQuery.map(({ name, schema }) => [name, fitting(schema)])), {
    requiredKeys,
  });
}

/** Texts that do not fit a parameter, with its name. */
function spoiltTexts({ name, schema }: Parameter): (readonly [name: string, text: string])[] {
  const fits = fitsOf(schema);
  const texts = ['', '0', '-1', '1.5', 'x', ' 1', '/', '9'.repeat(17), 'x'.repeat(300)];
  const means = (value: string) =>
    schema.type === 'integer' && /^-?\d+$/.test(value) ? Number(value) : value;
  return texts.filter((value) => !fits(means(value))).map((value) => [name, value]);
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly allow: string | undefined;
}

async function send(
  method: string,
  path: string,
  operation: Operation,
  { query, body }: Request,
): Promise<Answer> {
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  const payload = new Response(
    body === undefined
      ? null
      : isForm(operation)
        ? formOf(body)
        : new Blob([JSON.stringify(body)], JSON_TYPE),
  );
  const form = payload.headers.get('content-type');
  return exchange(
    `${server.url}${urlOf(path)}?${search}`,
    method.toUpperCase(),
    Buffer.from(await payload.arrayBuffer()),
    {
      // Nobody changes who asks for the next time.
      ...bearer(path.includes('/me') ? tokenOf(`me-${crypto.randomUUID()}`, { role: 'admin' }) : ADMIN),
      ...(form === null ? {} : { 'content-type': form }),
    },
  );
}

const JSON_TYPE = { type: 'application/json' };

/** One request on a connection of its own, as one that is kept may be closed while it is at rest. */
async function exchange(
  url: string,
  method: string,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const sent = request(url, { method, headers: { ...headers, 'content-length': body.length }, agent: false });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const type = response.headers['content-type']?.split(';')[0] ?? '';
  return {
    status: response.statusCode ?? 0,
    type,
    text: await text(response),
    allow: response.headers.allow,
  };
}

function requireRefused(operation: Operation, answer: Answer, made: object): void {
  assert.ok(
    [400, 413, 422].includes(answer.status),
    `${answer.status} ${answer.text} for ${JSON.stringify(made).slice(0, 2000)}`,
  );
  requireDeclared(operation, answer);
}

/** The status, content type and body of an answer are in the document. */
function requireDeclared({ responses }: Operation, { status, type, text: body }: Answer): void {
  const declared = responses[status] ?? responses[`${Math.floor(status / 100)}XX`];
  assert.ok(declared, `${status} is not declared`);
  const json = declared.content?.['application/json'];
  if (!json || body === '') return;
  assert.equal(type, 'application/json');
  assert.ok(fitsOf(json.schema)(JSON.parse(body)), body);
}

function isForm({ requestBody }: Operation): boolean {
  return requestBody?.content['multipart/form-data'] !== undefined;
}

function fileOf(body: unknown): unknown {
  return (body as { readonly file?: unknown } | null)?.file;
}

function formOf(body: unknown): FormData {
  const form = new FormData();
  const file = fileOf(body);
  if (file !== undefined) form.set('file', new Blob([String(file)]), 'file.txt');
  form.set('other', 'field');
  return form;
}

function bearer(token: string) {
  return { authorization: `Bearer ${token}` };
}

/** The path of something that is there. */
function urlOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const known = ids[path.split('/{')[0] ?? '']?.[name];
    return encodeURIComponent(known ?? 'none');
  });
}

/** Makes one of everything, and returns its id by the path before it. */
async function makeThings(): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
  const make = async (path: string, body: object) =>
    (await server.call('POST', `/api/v1${path}`, ADMIN, body)).body as Readonly<Record<string, string>>;
  await make('/groups/demo/members', { userId: 'tester' });
  const alice = await RealClient.connect(
    {
      webSocketFactory: () => new WebSocket(`${server.wsUrl}/ws/im`),
      connectHeaders: bearer(tokenOf('alice')),
    } as object,
    [],
  );
  const message = { messageId: 'first', toId: 'demo', chatType: 'GROUP', msgType: 'TEXT', content: 'hello' };
  await alice.confirmed('/app/chat.send', message);
  await alice.close();
  const room = await make('/rooms', { name: 'Class 3' });
  const notification = await make('/notifications', { type: 'alert', title: 'title', content: 'content' });
  const webhook = await make('/webhooks', { url: 'https://example.org/', events: ['*'] });
  const history = await server.call('GET', '/api/v1/conversations/demo/messages', ADMIN);
  const [first] = (history.body as { messages: { id: string }[] }).messages;
  return {
    '/api/v1/users': { id: 'carol' },
    '/api/v1/admin/users': { id: 'carol' },
    '/api/v1/groups': { id: 'demo', userId: 'bob' },
    '/api/v1/conversations': { id: 'demo' },
    '/api/v1/messages': { id: first?.id ?? '' },
    '/api/v1/rooms': { number: room.number ?? '' },
    '/api/v1/notifications': { id: notification.id ?? '' },
    '/api/v1/webhooks': { id: webhook.id ?? '' },
  };
}

/** The document with what its references lead to in their places. */
function resolved(document: unknown): Document {
  const { schemas } = (document as Document).components;
  const resolve = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(resolve);
    if (typeof part !== 'object' || part === null) return part;
    const { $ref } = part as Schema;
    if ($ref !== undefined) return resolve(schemas[$ref.replace('#/components/schemas/', '')]);
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, resolve(inner)]));
  };
  return resolve(document) as Document;
}
