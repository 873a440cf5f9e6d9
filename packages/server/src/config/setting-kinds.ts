import { type TArray, type TEnum, type TRecord, type TString, type TUnknown, Type } from 'typebox';

/** How a setting is written and read; decides the spellings that `parse-setting.ts` takes. */
export type SettingKind =
  | 'text'
  | 'count'
  | 'number'
  | 'flag'
  | 'duration'
  | 'bytes'
  | 'list'
  | 'choice'
  | 'json'
  | 'texts';

/** What every setting says about itself, as plain JSON Schema with two words of our own: `kind` and `allowed`. */
export interface SettingSchema {
  readonly kind: SettingKind;
  readonly description: string;
  /** Absent for a setting that may stay unset. */
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  /** Of the value, or of each entry of a list. */
  readonly pattern?: string;
  /** What `pattern` allows, in words. */
  readonly allowed?: string;
  /** Never printed. */
  readonly secret?: boolean;
  /** Holds a password where a good value shows it, and anywhere in a bad one: a refusal does not quote it. */
  readonly unquoted?: boolean;
}

type Rest = Omit<SettingSchema, 'kind' | 'description' | 'enum'>;

export function text(description: string, rest: Rest = {}): TString {
  return Type.String({ description, kind: 'text', minLength: 1, ...rest });
}

export function flag(description: string, rest: Rest & { readonly default: boolean }) {
  return Type.Boolean({ description, kind: 'flag', ...rest });
}

/** A whole number. */
export function count(description: string, rest: Rest & { readonly default: number }) {
  return Type.Integer({ description, kind: 'count', minimum: 0, ...rest });
}

/** A number with or without a fraction. */
export function rate(description: string, rest: Rest & { readonly default: number }) {
  return Type.Number({ description, kind: 'number', minimum: 0, ...rest });
}

/** Milliseconds; `30s`, `15m`, `24h` and `7d` may be written too. At most what a timer can wait, unless said otherwise. */
export function duration(description: string, rest: Rest & { readonly default: number }) {
  return Type.Integer({ description, kind: 'duration', minimum: 0, maximum: 2 ** 31 - 1, ...rest });
}

/** A size in bytes; `64KiB` and `1MiB` may be written too. */
export function bytes(description: string, rest: Rest & { readonly default: number }) {
  return Type.Integer({ description, kind: 'bytes', minimum: 0, maximum: 2 ** 31 - 1, ...rest });
}

/** Several texts, with commas between them in a flag or variable. */
export function list(
  description: string,
  rest: Rest & { readonly default: readonly string[] },
): TArray<TString> {
  return Type.Array(Type.String(), { description, kind: 'list', ...rest });
}

/** JSON objects by name; a JSON text in a flag or variable. */
export function json(
  description: string,
  rest: Rest & { readonly default: Readonly<Record<string, unknown>> },
): TRecord<'^.*$', TUnknown> {
  return Type.Record(Type.String(), Type.Unknown(), { description, kind: 'json', ...rest });
}

/** Texts by name; a JSON text in a flag or variable. */
export function texts(
  description: string,
  rest: Rest & { readonly default: Readonly<Record<string, string>> },
): TRecord<'^.*$', TString> {
  return Type.Record(Type.String(), Type.String(), { description, kind: 'texts', ...rest });
}

/** One of some words. */
export function choice<Values extends string[]>(
  description: string,
  values: readonly [...Values],
  rest: Rest & { readonly default: Values[number] },
): TEnum<Values> {
  return Type.Enum(values, { description, kind: 'choice', ...rest });
}
