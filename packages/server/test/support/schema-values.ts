import fc from 'fast-check';
import { Compile } from 'typebox/schema';

/** A JSON schema of the OpenAPI document, as far as values are made of it here. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Texts of which each pattern of the document takes some. A new pattern may need a new one here. */
const SAMPLES = [
  'a',
  'zoë 7',
  'dave.2_x@y-z',
  '/files/none',
  'https://example.org/a?b=1#c',
  '2030-01-20T23:59:59Z',
  '1767225600000',
  'business.user.login',
  'business.something.else',
  'business.*',
  '*',
  'unread.1767225600000.01a1f9dd',
  '-12',
  'alice,bob',
  'QUJD',
  '',
];

/** What fits hardly any schema, in the place of a value or a part of it. */
const JUNK: readonly unknown[] = [
  {},
  { nope: 1 },
  [],
  [[]],
  1.5,
  -1,
  1e300,
  true,
  '',
  ' ',
  '\0',
  '\u202e',
  'x'.repeat(5000),
  null,
];

/** Whether a value fits; `$ref`s are resolved already. */
export function fitsOf(schema: Schema): (value: unknown) => boolean {
  const known = CHECKS.get(schema);
  if (known) return known;
  const compiled = Compile(schema as object);
  const check = (value: unknown) => compiled.Check(value);
  CHECKS.set(schema, check);
  return check;
}

const CHECKS = new WeakMap<Schema, (value: unknown) => boolean>();

/** Values that fit. */
export function fitting(schema: Schema): fc.Arbitrary<unknown> {
  return likely(schema).filter(fitsOf(schema));
}

/** Values that fit but for one place, in which they are of another kind or beyond a bound, or have too much or too little. */
export function broken(schema: Schema): fc.Arbitrary<unknown> {
  const fits = fitsOf(schema);
  const choice = fc.record({ place: fc.nat(), junk: fc.constantFrom(...JUNK), way: fc.nat(9) });
  return fc
    .tuple(likely(schema), choice)
    .map(([value, { place, junk, way }]) => spoilt(value, place, junk, way))
    .filter((value) => !fits(value));
}

/** Values that mostly fit. */
function likely(schema: Schema): fc.Arbitrary<unknown> {
  const { anyOf, enum: allowed, type, ...rest } = schema;
  if (anyOf)
    return fc.oneof(...anyOf.map((branch) => likely(merged({ ...rest, ...(type ? { type } : {}) }, branch))));
  if (allowed) return fc.constantFrom(...allowed);
  const types = type === undefined ? [rest.properties ? 'object' : 'any'] : [type].flat();
  return fc.oneof(...types.map((each) => ofType(each, schema)));
}

function ofType(type: string, schema: Schema): fc.Arbitrary<unknown> {
  switch (type) {
    case 'object':
      return objects(schema);
    case 'array':
      return fc.array(likely(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 3, (schema.minItems ?? 0) + 2),
      });
    case 'string':
      return texts(schema);
    case 'integer':
    case 'number':
      return numbers(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return json(2);
  }
}

function objects({ properties = {}, required = [], additionalProperties }: Schema): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, likely(field)]));
  const known = fc.record(fields, { requiredKeys: [...required] });
  if (additionalProperties === false) return known;
  const value = typeof additionalProperties === 'object' ? likely(additionalProperties) : json(1);
  const more = fc.dictionary(fc.stringMatching(/^x[a-z]{1,5}$/), value, { maxKeys: 2 });
  return fc.tuple(more, known).map(([others, own]) => ({ ...others, ...own }));
}

/** Without the keys that are refused wherever they stand in a body. */
function json(maxDepth: number): fc.Arbitrary<unknown> {
  return fc.jsonValue({ maxDepth }).filter((value) => !/__proto__|constructor/.test(JSON.stringify(value)));
}

function texts({ pattern, minLength = 0, maxLength = 1000 }: Schema): fc.Arbitrary<string> {
  const form = new RegExp(pattern ?? '', 'u');
  const fits = (text: string) =>
    form.test(text) && [...text].length >= minLength && [...text].length <= maxLength;
  const samples = [...SAMPLES, 'a'.repeat(minLength), 'a'.repeat(maxLength)].filter(fits);
  if (samples.length === 0) throw new Error(`no sample for the pattern ${pattern}`);
  const sample = fc.constantFrom(...samples);
  const any = fc.string({ unit: 'binary', minLength, maxLength: Math.min(maxLength, minLength + 8) });
  return fc.oneof(
    sample,
    fc.tuple(any, sample).map(([text, other]) => (fits(text) ? text : other)),
  );
}

function numbers({ minimum = -1_000_000, maximum = 1_000_000 }: Schema): fc.Arbitrary<number> {
  const between = fc
    .maxSafeInteger()
    .map((n) => minimum + (Math.abs(n) % Math.min(maximum - minimum + 1, 1e9)));
  return fc.oneof(between, fc.constantFrom(minimum, maximum));
}

/** Both schemas at once, field by field; where that is too simple, the values do not fit and are not used. */
function merged(base: Schema, branch: Schema): Schema {
  const names = new Set([...Object.keys(base.properties ?? {}), ...Object.keys(branch.properties ?? {})]);
  const fields = [...names].map((name) => [
    name,
    { ...base.properties?.[name], ...branch.properties?.[name] },
  ]);
  return {
    ...base,
    ...branch,
    ...(names.size > 0 ? { properties: Object.fromEntries(fields) } : {}),
    ...(base.required || branch.required
      ? { required: [...new Set([...(base.required ?? []), ...(branch.required ?? [])])] }
      : {}),
  };
}

function spoilt(value: unknown, place: number, junk: unknown, way: number): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (Array.isArray(value) && value.length > 0 && way > 1) {
    const at = place % value.length;
    return value.with(at, spoilt(value[at], Math.floor(place / value.length), junk, way));
  }
  if (!isObject || way === 0) return junk;
  const names = Object.keys(value);
  if (way === 1 || names.length === 0) return { ...value, unheardOf: junk };
  const name = names[place % names.length] ?? '';
  const { [name]: inner, ...others } = value as Record<string, unknown>;
  if (way === 2) return others;
  return { ...value, [name]: spoilt(inner, Math.floor(place / names.length), junk, way === 3 ? 0 : way) };
}
