import { type Command, Option } from 'commander';
import { flagName } from '../config/load.ts';
import type { SettingKind, SettingSchema } from '../config/setting-kinds.ts';
import { SETTING_GROUPS, type SettingName, settingSchema } from '../config/settings.ts';

/** What the parser of the command line makes of its flags. */
export type ParsedFlags = Readonly<Record<string, unknown>>;

const PLACEHOLDERS: Readonly<Record<SettingKind, string>> = {
  text: '<text>',
  count: '<n>',
  number: '<n>',
  flag: '[on|off]',
  duration: '<time>',
  bytes: '<size>',
  list: '<a,b>',
  choice: '<word>',
  json: '<json>',
  texts: '<json>',
};

/** Adds a flag for each setting, or for each of those named, and `--config`. */
export function addSettingOptions(command: Command, only?: readonly SettingName[]): Command {
  for (const [group, names] of Object.entries(SETTING_GROUPS)) {
    for (const name of names) {
      if (!only || only.includes(name)) command.addOption(optionOf(name).helpGroup(`${group}:`));
    }
  }
  return command.option(
    '--config <file>',
    'JSON file with settings by name, such as {"port": 80} (HAINA_CONFIG)',
  );
}

/** The settings among the flags that were given, as texts, and the config file. */
export function settingsOf(flags: ParsedFlags): {
  flags: Partial<Record<SettingName, string>>;
  file?: string;
} {
  const given: Partial<Record<SettingName, string>> = {};
  for (const name of Object.values(SETTING_GROUPS).flat()) {
    // A switch without a word is on.
    if (flags[name] !== undefined) given[name] = String(flags[name]);
  }
  return { flags: given, ...(typeof flags.config === 'string' ? { file: flags.config } : {}) };
}

function optionOf(name: SettingName): Option {
  const schema = settingSchema(name);
  const choices = schema.enum ? ` One of ${schema.enum.join(', ')}.` : '';
  const standard = defaultOf(schema);
  const note = standard === '' ? '' : ` (${standard})`;
  return new Option(
    `${flagName(name)} ${PLACEHOLDERS[schema.kind]}`,
    `${schema.description}${choices}${note}`,
  );
}

function defaultOf(schema: SettingSchema): string {
  const value = schema.default;
  if (schema.kind === 'json') return '';
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return '';
  if (schema.kind === 'flag') return value ? 'on' : 'off';
  if (schema.kind === 'duration')
    return inUnit(Number(value), [86_400_000, 'd', 3_600_000, 'h', 60_000, 'm', 1000, 's'], 'ms');
  if (schema.kind === 'bytes') return inUnit(Number(value), [1024 ** 2, 'MiB', 1024, 'KiB'], '');
  return String(value);
}

/** In the largest unit that gives a whole number. */
function inUnit(value: number, units: readonly (number | string)[], smallest: string): string {
  for (let i = 0; i < units.length; i += 2) {
    const factor = Number(units[i]);
    if (value >= factor && value % factor === 0) return `${value / factor}${units[i + 1]}`;
  }
  return `${value}${smallest}`;
}
