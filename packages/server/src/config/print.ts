import type { LoadedConfig } from './load.ts';
import { MASK, withoutCredentials } from './mask.ts';
import { SETTING_NAMES, settingSchema } from './settings.ts';

/** Every setting with its value and where that came from, as JSON; secrets are masked. */
export function printConfig({ config, sources }: LoadedConfig): string {
  const entries = SETTING_NAMES.map((name) => {
    const value = config[name] ?? null;
    const shown = settingSchema(name).secret && value !== null ? MASK : withoutCredentials(value);
    return [name, { value: shown, from: sources[name] }];
  });
  return JSON.stringify(Object.fromEntries(entries), null, 2);
}
