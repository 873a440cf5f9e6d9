import type { Static, TSchema } from 'typebox';
import { decodeUtf8, lenientReader, parseJson } from '../../core/json.ts';
import type { JsonValue } from '../../core/model.ts';

export { checkerOf, lenientReader, parseJson, parseJsonText, type ValueReader } from '../../core/json.ts';

/** Reads bodies of one form. */
export type BodyReader<T> = (body: Uint8Array) => T;

/** As `parseJson`. An empty body is an empty object, as clients send it where no field is needed. */
export function parseJsonBody(body: Uint8Array): unknown {
  return body.length === 0 ? {} : parseJson(body);
}

/** A reader of bodies that fit the schema; others are refused with EINVAL naming the field. Extra fields may be there. */
export function bodyReader<Schema extends TSchema>(schema: Schema): BodyReader<Static<Schema>> {
  const read = lenientReader(schema);
  return (body) => read(parseJsonBody(body));
}

/** The value of a body that is JSON as the server takes it; null for any other. */
export function jsonOrNull(body: Uint8Array): JsonValue | null {
  try {
    return parseJson(body) as JsonValue;
  } catch {
    return null;
  }
}

/** The string, or number as a string, under this name of a body that was refused, for the refusal to name it; null where there is none. */
export function peekString(body: Uint8Array, name: string): string | null {
  try {
    // Whatever else it holds: one string of its own is all that is taken.
    const value: unknown = JSON.parse(decodeUtf8(body));
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
    const found = (value as Record<string, unknown>)[name];
    return typeof found === 'string' || Number.isSafeInteger(found) ? String(found) : null;
  } catch {
    return null;
  }
}
