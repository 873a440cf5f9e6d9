import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { DomainError } from './errors.ts';
import { lenient } from './lenient.ts';
import { tooLong } from './validate.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A JSON body as plain data. EINVAL for bad UTF-8, bad JSON, and a key that names a prototype. */
export function parseJson(body: Uint8Array): unknown {
  return parseJsonText(decodeUtf8(body));
}

/** As `parseJson`, of a text that was inside another body, where a field is named. */
export function parseJsonText(text: string, field?: string): unknown {
  try {
    return MENTIONS_PROTOTYPE.test(text) ? JSON.parse(text, refusePrototype) : JSON.parse(text);
  } catch (cause) {
    if (cause instanceof DomainError) throw cause;
    const what = field ?? 'the body';
    throw new DomainError('EINVAL', `${what} is not valid JSON`, { field: field ?? 'body', cause });
  }
}

/** Escapes could hide any letter of the name, so their presence is enough for the slower reading. */
const MENTIONS_PROTOTYPE = /__proto__|\\u00[567]/i;

function refusePrototype(key: string, value: unknown): unknown {
  if (key !== '__proto__') return value;
  throw new DomainError('EINVAL', '__proto__ is not allowed as a name', { field: '__proto__' });
}

/** Throws EINVAL for bytes that are no UTF-8. */
export function decodeUtf8(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw new DomainError('EINVAL', 'the body is not valid UTF-8', { field: 'body', cause });
  }
}

/** Reads plain data of one form. */
export type ValueReader<T> = (value: unknown) => T;

/**
 * A reader of data that fits the schema; other data is refused with EINVAL naming the field. Extra fields may be there. Where
 * the data is a field of a body, the refusals name it: `content.url`.
 */
export function valueReader<Schema extends TSchema>(
  schema: Schema,
  field?: string,
): ValueReader<Static<Schema>> {
  return readerOf(schema, field, (value) => value);
}

/** As `valueReader`, of data that clients in other languages write: it is taken as it is meant (see `lenient`). */
export function lenientReader<Schema extends TSchema>(
  schema: Schema,
  field?: string,
): ValueReader<Static<Schema>> {
  return readerOf(schema, field, (value) => lenient(schema, value, { scalars: true }));
}

/** @param adapt makes of data that does not fit what may fit */
function readerOf<Schema extends TSchema>(
  schema: Schema,
  field: string | undefined,
  adapt: (value: unknown) => unknown,
): ValueReader<Static<Schema>> {
  const validator = Compile(schema);
  return (value) => {
    if (validator.Check(value)) return value as Static<Schema>;
    const adapted = adapt(value);
    if (adapted !== value && validator.Check(adapted)) return adapted as Static<Schema>;
    throw misfit(validator.Errors(adapted), field);
  };
}

/** Tells whether plain data has a form. */
export function checkerOf(schema: TSchema): (value: unknown) => boolean {
  const validator = Compile(schema);
  return (value) => validator.Check(value);
}

interface Misfit {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

/** What the keywords of our schemas tell beside their name. */
interface MisfitParams {
  readonly requiredProperties?: readonly string[];
  readonly allowedValues?: readonly unknown[];
  readonly type?: string | readonly string[];
  readonly limit?: number;
}

function misfit([first]: readonly Misfit[], field?: string): DomainError {
  if (!first) return new DomainError('EINVAL', 'the body does not have the expected form', { field: 'body' });
  const { requiredProperties = [], limit } = first.params as MisfitParams;
  const root = field === undefined ? [] : [field];
  const inside = first.instancePath.split('/').slice(1);
  const path = [...root, ...inside, ...requiredProperties.slice(0, 1)].join('.');
  if (path === '') return new DomainError('EINVAL', `the body ${explain(first)}`, { field: 'body' });
  if (first.keyword === 'maxLength' && limit !== undefined) return tooLong(path, limit);
  return new DomainError('EINVAL', `${path} ${explain(first)}`, { field: path });
}

function explain({ keyword, message, params }: Misfit): string {
  const { allowedValues = [], type = '', limit } = params as MisfitParams;
  switch (keyword) {
    case 'required':
      return 'is missing';
    case 'enum':
      return `must be one of ${allowedValues.join(', ')}`;
    case 'type':
      return `must be ${[type].flat().map(withArticle).join(' or ')}`;
    case 'minLength':
      return 'must not be empty';
    case 'minimum':
      return `must be at least ${limit}`;
    case 'maximum':
      return `must be at most ${limit}`;
    default:
      return message;
  }
}

function withArticle(type: string): string {
  if (type === 'null') return type;
  return /^[aio]/.test(type) ? `an ${type}` : `a ${type}`;
}
