import type { TSchema } from 'typebox';

/** What of a JSON schema matters here. */
interface Form {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Form>>;
  readonly required?: readonly string[];
  readonly items?: Form;
  readonly enum?: readonly unknown[];
  readonly allOf?: readonly Form[];
  readonly anyOf?: readonly Form[];
}

/** How much is read into data that does not fit. */
export interface Leniency {
  /** Whether scalars of another type are taken as meant: `"2"` for 2, 1001 for `"1001"`, as Jackson and fastjson do. */
  readonly scalars: boolean;
}

/**
 * Plain data as its schema means it. An optional field that is null is absent, as Jackson, Newtonsoft and Dart write one. The
 * data itself stays as it is, and so does whatever is of another kind than the schema's.
 */
export function lenient(schema: TSchema, value: unknown, leniency: Leniency): unknown {
  return adapt(schema as Form, value, leniency);
}

function adapt(form: Form, value: unknown, leniency: Leniency): unknown {
  if (form.allOf) return form.allOf.reduce((adapted, part) => adapt(part, adapted, leniency), value);
  if (isObject(value)) return form.properties ? adaptObject(form, form.properties, value, leniency) : value;
  if (Array.isArray(value)) {
    const { items } = form;
    return items ? value.map((item) => adapt(items, item, leniency)) : value;
  }
  return leniency.scalars ? adaptScalar(form, value) : value;
}

function adaptObject(
  { required = [] }: Form,
  properties: Readonly<Record<string, Form>>,
  value: Readonly<Record<string, unknown>>,
  leniency: Leniency,
): object {
  const adapted: Record<string, unknown> = { ...value };
  for (const [name, form] of Object.entries(properties)) {
    if (!Object.hasOwn(value, name)) continue;
    if (value[name] !== null) adapted[name] = adapt(form, value[name], leniency);
    else if (!required.includes(name) && !takesNull(form)) delete adapted[name];
  }
  return adapted;
}

function adaptScalar(form: Form, value: unknown): unknown {
  if (typeof value === 'string') {
    if (takesNumbers(form) && NUMBER.test(value)) return Number(value);
    if (form.type === 'boolean' && /^(true|false)$/.test(value)) return value === 'true';
    return value;
  }
  const isText = form.type === 'string' && form.enum === undefined;
  if (isText && (Number.isSafeInteger(value) || typeof value === 'boolean')) return String(value);
  if (form.type === 'boolean' && (value === 0 || value === 1)) return value === 1;
  return value;
}

const NUMBER = /^\s*-?\d{1,16}(\.\d{1,16})?\s*$/;

function takesNumbers(form: Form): boolean {
  return (
    form.type === 'integer' ||
    form.type === 'number' ||
    (form.enum?.every((allowed) => typeof allowed === 'number') ?? false)
  );
}

function takesNull({ type, enum: allowed, anyOf }: Form): boolean {
  if (anyOf) return anyOf.some(takesNull);
  return type === undefined
    ? allowed === undefined || allowed.includes(null)
    : [type].flat().includes('null');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
