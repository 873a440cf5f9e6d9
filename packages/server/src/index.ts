export { type RunningServer, startServer } from './app.ts';
export { type ConfigInput, type LoadedConfig, loadConfig } from './config/load.ts';
export type { Config } from './config/settings.ts';
export { StartError } from './config/start-error.ts';
