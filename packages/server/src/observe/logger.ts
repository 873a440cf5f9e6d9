import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import type { Config } from '../config/settings.ts';
import { LogSink, standardError } from './log-sink.ts';
import { REDACTED, REDACTED_PATHS, redactText } from './redact.ts';
import { Repeats } from './repeats.ts';

export type { Logger } from 'pino';

/** From one line of a failure to the next of the same, in ms. */
const REPEAT_INTERVAL = 1000;
/** pino's levels of which a storm may come: `warn` and `error`. What is `fatal` comes once. */
const WARN = 40;
const FATAL = 60;

function options(): LoggerOptions {
  return {
    base: null,
    redact: { paths: [...REDACTED_PATHS], censor: REDACTED },
    hooks: {
      // Messages of errors quote URLs: the finished line is the one place that has them all.
      streamWrite: redactText,
      logMethod: withoutRepeats(new Repeats(() => performance.now(), REPEAT_INTERVAL)),
    },
  };
}

/**
 * The server's log: pretty on a terminal, JSON lines otherwise, without tokens, passwords and secrets. It goes to
 * standard error, so that standard output has only what commands answer. Nobody waits for it, and a storm of one failure
 * is one line a second.
 */
export async function createLogger(
  config: Pick<Config, 'logLevel' | 'logFormat'>,
  target: DestinationStream = standardError(),
): Promise<Logger> {
  const log = await createLoggerTo(target, config);
  if (target instanceof LogSink) {
    target.onRecovered = (dropped) =>
      log.warn({ dropped }, 'lines of this log were dropped while it could not be written');
  }
  return log;
}

async function createLoggerTo(
  target: DestinationStream,
  { logLevel: level, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>,
): Promise<Logger> {
  const onTerminal = process.stderr.isTTY === true;
  if (logFormat === 'pretty' || (logFormat === 'auto' && onTerminal)) {
    return pino({ ...options(), level }, await prettified(target, onTerminal && !process.env.NO_COLOR));
  }
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ ...options(), level, formatters, timestamp: pino.stdTimeFunctions.isoTime }, target);
}

async function prettified(target: DestinationStream, colorize: boolean): Promise<DestinationStream> {
  // Loaded only where somebody looks at it.
  const { default: pretty } = await import('pino-pretty');
  const prettify = pretty.prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l' });
  return { write: (line) => target.write(prettify(line)) };
}

type LogMethod = NonNullable<NonNullable<LoggerOptions['hooks']>['logMethod']>;

/** Leaves out the repeats of a failure; the next line says how many there were. */
function withoutRepeats(repeats: Repeats): LogMethod {
  return function logMethod(args, method, level) {
    const leftOut = level >= WARN && level < FATAL ? repeats.admit(kindOf(args, level)) : 0;
    if (leftOut === undefined) return;
    const [first, ...rest] = args;
    const isContext = typeof first === 'object' && first !== null && !(first instanceof Error);
    method.apply(this, leftOut > 0 && isContext ? [{ ...first, repeats: leftOut }, ...rest] : args);
  };
}

/** What makes two failures the same: what is said of them, and of whom. */
function kindOf(args: readonly unknown[], level: number): string {
  const [first, text] = args;
  if (typeof first !== 'object' || first === null) return `${level} ${String(first)}`;
  const { err, dialect, plugin, webhook, address, reason } = first as Readonly<Record<string, unknown>>;
  return [level, text, messageOf(err), dialect, plugin, webhook, address, reason].join(' ');
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return cause === undefined ? message : `${message}: ${messageOf(cause)}`;
}
