import type { SettingSchema } from './setting-kinds.ts';

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const BYTE_UNITS: Readonly<Record<string, number>> = { b: 1, kib: 1024, mib: 1024 ** 2 };
const FLAG_WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  on: true,
  yes: true,
  1: true,
  false: false,
  off: false,
  no: false,
  0: false,
};

/** The value that a flag, a variable (texts) or the config file (JSON) gives for a setting; undefined if not allowed. */
export function parseSetting(schema: SettingSchema, raw: unknown): unknown {
  switch (schema.kind) {
    case 'text':
      return typeof raw === 'string' && raw !== '' && matches(schema, raw) ? raw : undefined;
    case 'choice':
      return typeof raw === 'string' && schema.enum?.includes(raw) ? raw : undefined;
    case 'flag':
      return typeof raw === 'string' ? own(FLAG_WORDS, raw.toLowerCase()) : booleanOf(raw);
    case 'list':
      return listOf(schema, raw);
    case 'json':
      return recordOf(raw, isObject);
    case 'texts':
      return recordOf(raw, (value) => typeof value === 'string');
    case 'count':
      return within(schema, numberOf(raw, /^\d+$/), true);
    case 'number':
      return within(schema, numberOf(raw, /^\d+(\.\d+)?$/), false);
    case 'duration':
      return within(schema, withUnit(raw, DURATION_UNITS), true);
    case 'bytes':
      return within(schema, withUnit(raw, BYTE_UNITS, 'b'), true);
  }
}

/** What a setting may be, in words that finish "must be …". */
export function describeAllowed(schema: SettingSchema): string {
  switch (schema.kind) {
    case 'text':
      return schema.allowed ?? 'a text that is not empty';
    case 'choice':
      return `one of ${schema.enum?.join(', ')}`;
    case 'flag':
      return 'true or false';
    case 'list':
      return schema.allowed ?? 'a list of texts';
    case 'json':
      return 'a JSON object of objects';
    case 'texts':
      return 'a JSON object of texts';
    case 'count':
      return `a whole number ${range(schema)}`;
    case 'number':
      return `a number ${range(schema)}`;
    case 'duration':
      return `a time with its unit such as 500ms, 30s, 15m, 24h, 7d (a plain number of ms in the config file only), in ms ${range(schema)}`;
    case 'bytes':
      return `a size in bytes ${range(schema)}, or one such as 64KiB, 1MiB`;
  }
}

function booleanOf(raw: unknown): boolean | undefined {
  return typeof raw === 'boolean' ? raw : undefined;
}

function listOf(schema: SettingSchema, raw: unknown): readonly string[] | undefined {
  const entries = typeof raw === 'string' ? raw.split(',').map((entry) => entry.trim()) : raw;
  if (!Array.isArray(entries)) return undefined;
  const texts = entries.filter((entry) => entry !== '');
  const allowed = texts.every((entry) => typeof entry === 'string' && matches(schema, entry));
  return allowed ? Object.freeze(texts) : undefined;
}

function recordOf(raw: unknown, isAllowed: (value: unknown) => boolean): object | undefined {
  const value = typeof raw === 'string' ? jsonOf(raw) : raw;
  return isObject(value) && Object.values(value).every(isAllowed) ? value : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOf(raw: unknown, form: RegExp): number | undefined {
  if (typeof raw === 'number') return raw;
  return typeof raw === 'string' && form.test(raw) ? Number(raw) : undefined;
}

/** @param unit that of an amount that names none; without one, only 0 may do so */
function withUnit(raw: unknown, units: Readonly<Record<string, number>>, unit = ''): number | undefined {
  if (typeof raw === 'number') return raw;
  if (typeof raw !== 'string') return undefined;
  if (raw === '0') return 0;
  const [, amount, suffix = unit] = /^(\d+(?:\.\d+)?) ?([a-z]+)?$/i.exec(raw) ?? [];
  const factor = own(units, suffix.toLowerCase());
  return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor);
}

function within(schema: SettingSchema, value: number | undefined, whole: boolean): number | undefined {
  if (value === undefined || !Number.isFinite(value) || (whole && !Number.isSafeInteger(value)))
    return undefined;
  return value >= (schema.minimum ?? 0) && value <= (schema.maximum ?? Number.MAX_SAFE_INTEGER)
    ? value
    : undefined;
}

function matches(schema: SettingSchema, value: string): boolean {
  return schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(value);
}

function range({ minimum = 0, maximum }: SettingSchema): string {
  return maximum === undefined ? `of ${minimum} or more` : `from ${minimum} to ${maximum}`;
}

function own<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
