import type { Command } from 'commander';
import type { RunningServer } from '../app.ts';
import { loadConfig } from '../config/load.ts';
import { printConfig } from '../config/print.ts';
import { requireSafeKeys, withDemoSecret } from '../config/secrets.ts';
import type { Config } from '../config/settings.ts';
import { requireDataDir } from './data-dir.ts';
import { endOnBugs, endWithParent, stopOnSignals, surviveClosedOutput } from './lifecycle.ts';
import { addSettingOptions, type ParsedFlags, settingsOf } from './setting-options.ts';

/** How long a stop may take beyond what it gives the clients, in ms. */
const STOP_TIMEOUT = 10_000;

const EPILOGUE = `
In brackets: the default. Every setting may be given by its flag (--send-rate), by a variable (HAINA_SEND_RATE) or in
the config file (sendRate); a flag goes before a variable, a variable before the file. Times have a unit,
such as 500ms, 30s, 15m, 24h, 7d (or are numbers in ms in the file); sizes in bytes or such as 64KiB, 1MiB.

Examples:
  haina serve --demo                            try it out, with accounts to log in as
  HAINA_SECRET=... haina serve --host 0.0.0.0   serve real users behind a TLS proxy
  haina serve --print-config                    see what is in force, and where it came from`;

export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .summary('run the server')
    .description(
      'Run the server. It needs a secret or a public key to check tokens with, unless --demo makes one.',
    );
  addSettingOptions(command)
    .option('--print-config', 'Print every setting and where it came from, secrets masked, and do not start.')
    .addHelpText('after', EPILOGUE)
    .action(serve);
}

async function serve(flags: ParsedFlags): Promise<void> {
  const loaded = loadConfig({ ...settingsOf(flags), env: process.env });
  if (flags.printConfig) {
    console.log(printConfig(loaded));
    return;
  }
  requireSafeKeys(loaded.config);
  requireDataDir(loaded.config.dataDir);
  await run(withDemoSecret(loaded.config));
}

async function run(config: Config): Promise<void> {
  surviveClosedOutput();
  endWithParent();
  // Loaded only now: help and refusals need none of it.
  const [{ startServer }, { createLogger }] = await Promise.all([
    import('../app.ts'),
    import('../observe/logger.ts'),
  ]);
  const log = await createLogger(config);
  endOnBugs(log);
  const stopping = new AbortController();
  let server: RunningServer | undefined;
  const starting = Promise.withResolvers<RunningServer | undefined>();
  // A signal that comes while the server starts stops it once it has, or at once where it waits for something.
  const stop = async (): Promise<void> => {
    stopping.abort();
    await (await starting.promise)?.stop();
  };
  stopOnSignals(stop, log, {
    timeoutMs: STOP_TIMEOUT + config.drainTime,
    hurry: () => server?.hurry() ?? false,
  });
  starting.resolve(startUnlessStopped(startServer(config, undefined, log, stopping.signal), stopping.signal));
  server = await starting.promise;
  if (!server) return;
  console.log(`haina listening on ${server.url}`);
  if (config.demo) {
    const { demoBanner } = await import('./banner.ts');
    console.log(demoBanner(server.url, server.endpoints));
  }
}

/** Undefined where the signal ended the start. */
async function startUnlessStopped(
  starting: Promise<RunningServer>,
  signal: AbortSignal,
): Promise<RunningServer | undefined> {
  try {
    return await starting;
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
}
