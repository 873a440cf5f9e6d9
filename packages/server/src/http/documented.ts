import type { FastifySchema } from 'fastify';
import type { TSchema } from 'typebox';

const KEY = 'x-checked-by-core';

/** A JSON schema as far as it is rewritten here. */
interface Form {
  readonly [KEY]?: Readonly<Record<string, unknown>>;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Form>>;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly items?: Form;
  readonly anyOf?: readonly Form[];
}

/** Marks a route whose body may be missing. */
export const OPTIONAL_BODY = { 'x-optional-body': true } as const;

/**
 * Keywords of a schema that the document says and the core checks: its refusals name the fault better than a validator's,
 * or it counts otherwise than the text stands there (after normalisation).
 */
export function checkedByCore(keywords: Readonly<Record<string, unknown>>): object {
  return { [KEY]: keywords };
}

/** A body that may be missing, or null. */
export function orNothing<Schema extends TSchema>(body: Schema): Schema {
  return { ...body, ...checkedByCore({ type: ['object', 'null'] }) };
}

/** A route's schema as the document has it: with all that is checked, and with the nulls that stand for absent fields. */
export function documented(schema: FastifySchema | undefined): FastifySchema {
  if (schema === undefined) return {};
  const { body, querystring, params } = schema as Readonly<Record<string, Form | undefined>>;
  const responses = Object.entries((schema.response ?? {}) as Readonly<Record<string, Form>>);
  return {
    ...schema,
    ...(body ? { body: withNulls(withChecks(body)) } : {}),
    ...(querystring ? { querystring: withChecks(querystring) } : {}),
    ...(params ? { params: withChecks(params) } : {}),
    response: Object.fromEntries(responses.map(([status, answer]) => [status, withoutChecks(answer)])),
  };
}

function withChecks({ [KEY]: checks, ...form }: Form): Form {
  return { ...rewritten(form, withChecks), ...checks };
}

/** Answers are as they are. */
function withoutChecks({ [KEY]: _, ...form }: Form): Form {
  const { anyOf } = form;
  return { ...rewritten(form, withoutChecks), ...(anyOf ? { anyOf: anyOf.map(withoutChecks) } : {}) };
}

/** An optional field of a body that is null is absent; one at least is not, where something must be there. */
function withNulls(form: Form): Form {
  const { properties, required = [], minProperties } = form;
  const inner = rewritten(form, withNulls);
  if (properties === undefined || inner.properties === undefined) return inner;
  const given = Object.entries(inner.properties);
  const nullable = given.map(([name, field]) => [
    name,
    required.includes(name) || takesNull(field) ? field : { anyOf: [field, { type: 'null' }] },
  ]);
  const oneOfThem = given.map(([name, field]) => ({ required: [name], properties: { [name]: field } }));
  return {
    ...inner,
    properties: Object.fromEntries(nullable),
    ...(minProperties === 1 ? { anyOf: oneOfThem } : {}),
  };
}

/** The schema with those within it rewritten. */
function rewritten(form: Form, rewrite: (inner: Form) => Form): Form {
  const { properties, items } = form;
  const fields = Object.entries(properties ?? {}).map(([name, field]) => [name, rewrite(field)]);
  return {
    ...form,
    ...(properties ? { properties: Object.fromEntries(fields) } : {}),
    ...(items ? { items: rewrite(items) } : {}),
  };
}

function takesNull({ type, anyOf = [] }: Form): boolean {
  return [type].flat().includes('null') || anyOf.some(takesNull);
}

interface Operation {
  'x-optional-body'?: true;
  requestBody?: { required?: boolean };
}

/** Says of the bodies that may be missing that they may. */
export function withOptionalBodies<Document extends { paths?: object }>(document: Document): Document {
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(path as Record<string, Operation>)) {
      if (operation['x-optional-body'] === undefined) continue;
      delete operation['x-optional-body'];
      if (operation.requestBody) operation.requestBody.required = false;
    }
  }
  return document;
}
