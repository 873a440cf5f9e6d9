import type { LoadedConfig } from './load.ts';
import { SETTING_NAMES, settingSchema } from './settings.ts';

const MASK = '********';

/** Every setting with its value and where that came from, as JSON; secrets are masked. */
export function printConfig({ config, sources }: LoadedConfig): string {
  const entries = SETTING_NAMES.map((name) => {
    const value = config[name] ?? null;
    const shown = settingSchema(name).secret && value !== null ? MASK : withoutCredentials(value);
    return [name, { value: shown, from: sources[name] }];
  });
  return JSON.stringify(Object.fromEntries(entries), null, 2);
}

/** URLs may carry a password of their own. */
function withoutCredentials(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCredentials);
  return typeof value === 'string' ? value.replace(/(\/\/[^/@:]*):[^/@]*@/, `$1:${MASK}@`) : value;
}
