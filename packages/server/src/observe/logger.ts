import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import type { Config } from '../config/settings.ts';
import { REDACTED, REDACTED_PATHS, redactText } from './redact.ts';

export type { Logger } from 'pino';

const STDERR = 2;

const OPTIONS: LoggerOptions = {
  base: null,
  redact: { paths: [...REDACTED_PATHS], censor: REDACTED },
  // Messages of errors quote URLs: the finished line is the one place that has them all.
  hooks: { streamWrite: redactText },
};

/**
 * The server's log: pretty on a terminal, JSON lines otherwise, without tokens, passwords and secrets. It goes to
 * standard error, so that standard output has only what commands answer.
 */
export async function createLogger(
  { logLevel: level, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>,
  target: DestinationStream = pino.destination({ dest: STDERR, sync: true }),
): Promise<Logger> {
  const onTerminal = process.stderr.isTTY === true;
  if (logFormat === 'pretty' || (logFormat === 'auto' && onTerminal)) {
    return pino({ ...OPTIONS, level }, await prettified(target, onTerminal && !process.env.NO_COLOR));
  }
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ ...OPTIONS, level, formatters, timestamp: pino.stdTimeFunctions.isoTime }, target);
}

async function prettified(target: DestinationStream, colorize: boolean): Promise<DestinationStream> {
  // Loaded only where somebody looks at it.
  const { default: pretty } = await import('pino-pretty');
  const prettify = pretty.prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l' });
  return { write: (line) => target.write(prettify(line)) };
}
