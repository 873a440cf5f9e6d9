import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { DomainError } from '../../core/errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A JSON body as plain data. EINVAL for bad UTF-8, bad JSON, and a key that names a prototype. */
export function parseJson(body: Uint8Array): unknown {
  const text = decode(body);
  try {
    return MENTIONS_PROTOTYPE.test(text) ? JSON.parse(text, refusePrototype) : JSON.parse(text);
  } catch (cause) {
    if (cause instanceof DomainError) throw cause;
    throw new DomainError('EINVAL', 'the body is not valid JSON', { field: 'body', cause });
  }
}

/** Escapes could hide the name, so their presence is enough for the slower reading. */
const MENTIONS_PROTOTYPE = /__proto__|\\u005f/i;

function refusePrototype(key: string, value: unknown): unknown {
  if (key !== '__proto__') return value;
  throw new DomainError('EINVAL', '__proto__ is not allowed as a name', { field: '__proto__' });
}

function decode(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw new DomainError('EINVAL', 'the body is not valid UTF-8', { field: 'body', cause });
  }
}

/** Reads bodies of one form. */
export type BodyReader<T> = (body: Uint8Array) => T;

/** A reader of bodies that fit the schema; others are refused with EINVAL naming the field. Extra fields may be there. */
export function bodyReader<Schema extends TSchema>(schema: Schema): BodyReader<Static<Schema>> {
  const validator = Compile(schema);
  return (body) => {
    const value = parseJson(body);
    if (validator.Check(value)) return value as Static<Schema>;
    throw misfit(validator.Errors(value));
  };
}

interface Misfit {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

function misfit(errors: readonly Misfit[]): DomainError {
  const [first] = errors;
  if (!first) return new DomainError('EINVAL', 'the body does not have the expected form', { field: 'body' });
  const missing =
    first.keyword === 'required' ? (first.params as { requiredProperties: string[] }) : undefined;
  const path = [
    ...first.instancePath.split('/').slice(1),
    ...(missing?.requiredProperties.slice(0, 1) ?? []),
  ];
  const field = path.join('.') || 'body';
  const reason = missing ? 'is missing' : explain(first);
  return new DomainError('EINVAL', `${field} ${reason}`, { field });
}

function explain({ keyword, message, params }: Misfit): string {
  const { allowedValues } = params as { allowedValues?: readonly unknown[] };
  if (keyword === 'enum' && allowedValues) return `must be one of ${allowedValues.join(', ')}`;
  return message;
}

/** The string under this name of a body that was refused, for the refusal to name it; null where there is none. */
export function peekString(body: Uint8Array, name: string): string | null {
  try {
    const value = parseJson(body);
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
    const found = (value as Record<string, unknown>)[name];
    return typeof found === 'string' ? found : null;
  } catch {
    return null;
  }
}
