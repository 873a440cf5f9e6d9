import { readFileSync } from 'node:fs';
import { ANY_TENANT } from '../core/model.ts';
import { withoutCredentials } from './mask.ts';
import { describeAllowed, parseSetting } from './parse-setting.ts';
import { parseRedisUrl, RedisUrlFault } from './redis-url.ts';
import { type Config, SETTING_NAMES, type SettingName, settingSchema } from './settings.ts';
import { StartError } from './start-error.ts';
import { parseStore, StoreFault } from './store-url.ts';

/** Where a setting's value came from, in words: `default`, `flag --port`, `variable HAINA_PORT`, `file x.json`. */
export type Source = string;

export interface ConfigInput {
  /** Settings by name, as texts, that the command line gave. */
  readonly flags?: Readonly<Partial<Record<SettingName, string>>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Path of the config file; `HAINA_CONFIG` of `env` where absent. */
  readonly file?: string;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly sources: Readonly<Record<SettingName, Source>>;
}

/** Variables of the prefix that are no settings: where the config file is, and what the project's own tests read. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set([
  'HAINA_CONFIG',
  'HAINA_DESK_SEED',
  'HAINA_FUZZ_SECONDS',
  'HAINA_FUZZ_SEED',
  'HAINA_PRINT_MATRIX',
  'HAINA_STORM_SEED',
]);

/**
 * Settles every setting: a flag goes before a `HAINA_*` variable, that before the config file, that before the default.
 * Throws a StartError that names the setting, where its value came from and what is allowed, or what is no setting.
 */
export function loadConfig({ flags = {}, env = {}, file = env.HAINA_CONFIG }: ConfigInput): LoadedConfig {
  requireKnownVariables(env);
  const fromFile = file ? readConfigFile(file) : {};
  const values: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  for (const name of SETTING_NAMES) {
    const [raw, source] = firstGiven(
      [flags[name], `flag ${flagName(name)}`],
      // An empty variable is how compose files and shells say "not set".
      [env[variableName(name)] || undefined, `variable ${variableName(name)}`],
      [Object.hasOwn(fromFile, name) ? fromFile[name] : undefined, `file ${file}`],
    );
    const value = raw === undefined ? settingSchema(name).default : parseSetting(settingSchema(name), raw);
    if (raw !== undefined && value === undefined) throw badValue(name, source, raw);
    if (value !== undefined) values[name] = Object.freeze(value);
    sources[name] = source;
  }
  const config = Object.freeze(values) as Config;
  requireAppOfGuests(config);
  requireStore(config, sources.store);
  requireSharedStore(config, sources.bus);
  requireRedisUrl(config, sources.redisUrl);
  return { config, sources: sources as LoadedConfig['sources'] };
}

/** `maxFrameBytes` → `--max-frame-bytes` */
export function flagName(name: SettingName): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `maxFrameBytes` → `HAINA_MAX_FRAME_BYTES` */
export function variableName(name: SettingName): string {
  return `HAINA_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

function firstGiven(...candidates: readonly (readonly [unknown, Source])[]): readonly [unknown, Source] {
  return candidates.find(([raw]) => raw !== undefined) ?? [undefined, 'default'];
}

/** Only a token says which of all applications somebody is of. */
function requireAppOfGuests({ roomApp, roomAuth }: Config): void {
  if (roomApp !== ANY_TENANT || roomAuth === 'token') return;
  throw new StartError('roomApp can be * only with roomAuth token: guests have no token that names one');
}

/** Says what is wrong with a URL of the store more closely than its schema can. */
function requireStore({ store }: Config, source = 'default'): void {
  try {
    parseStore(store);
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error;
    throw new StartError(`the setting store ${error.message}; its value (not shown) came from ${source}`);
  }
}

/** Of a database in a data folder there is one node. */
function requireSharedStore({ bus, store }: Config, source = 'default'): void {
  if (bus.length === 0 || store !== 'sqlite') return;
  throw new StartError(
    `the setting bus, from ${source}, needs nodes that share a store: set store to a URL of PostgreSQL, or leave bus out`,
  );
}

/** Says what is wrong with a URL of Redis more closely than its schema can. */
function requireRedisUrl({ redisUrl }: Config, source = 'default'): void {
  if (redisUrl === undefined) return;
  try {
    parseRedisUrl(redisUrl);
  } catch (error) {
    if (!(error instanceof RedisUrlFault)) throw error;
    throw new StartError(`the setting redisUrl ${error.message}; its value (not shown) came from ${source}`);
  }
}

function readConfigFile(file: string): Readonly<Record<string, unknown>> {
  const parsed = parseJson(file, readText(file));
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new StartError(`the config file ${file} must hold one JSON object`);
  }
  for (const key of Object.keys(parsed)) {
    if (!(SETTING_NAMES as readonly string[]).includes(key)) {
      throw new StartError(
        `the config file ${file} has the unknown setting "${key}"${suggestion(key, SETTING_NAMES)}`,
      );
    }
  }
  return parsed as Record<string, unknown>;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StartError(`can't read the config file ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StartError(`the config file ${file} is not valid JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function badValue(name: SettingName, source: Source, raw: unknown): StartError {
  const schema = settingSchema(name);
  const isHidden = schema.secret || schema.unquoted;
  const given = isHidden ? 'its value (not shown)' : JSON.stringify(withoutCredentials(raw));
  return new StartError(
    `the setting ${name} must be ${describeAllowed(schema)}; ${given} came from ${source}`,
  );
}

/** Ignoring a misspelt one would leave a limit or a secret as it was, without anybody noticing. */
function requireKnownVariables(env: Readonly<Record<string, string | undefined>>): void {
  const known = SETTING_NAMES.map(variableName);
  const unknown = Object.keys(env).find(
    (name) => /^HAINA_/.test(name) && env[name] && !known.includes(name) && !OTHER_VARIABLES.has(name),
  );
  if (unknown === undefined) return;
  throw new StartError(`the variable ${unknown} is no setting${suggestion(unknown, known)}`);
}

/** The candidate that takes the fewest edits, as a question. */
function suggestion(word: string, candidates: readonly string[]): string {
  const distances = candidates.map((candidate) => distance(word.toLowerCase(), candidate.toLowerCase()));
  return `; did you mean "${candidates[distances.indexOf(Math.min(...distances))]}"?`;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
