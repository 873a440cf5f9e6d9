import { parseArgs } from 'node:util';
import type { StoreKind } from './haina.ts';

export interface Options {
  readonly subscribers: number;
  readonly pairs: number;
  /** Of a turn, ms. */
  readonly duration: number;
  /** ms. */
  readonly warmUp: number;
  readonly turns: number;
  readonly text: string;
  readonly store: StoreKind;
  /** Another checkout, whose server is measured beside this one's. */
  readonly beside: string | undefined;
  readonly only: 'fan-out' | 'one-to-one' | undefined;
  /** What the sizes of the large database are divided by; undefined where it is not growth that is measured. */
  readonly growth: number | undefined;
}

/** What somebody wrote on the command line and can't be meant. */
export class OptionError extends Error {}

/** @throws OptionError */
export function parseOptions(args: readonly string[]): Options {
  const values = valuesOf(args);
  for (const name of ['beside', 'only'] as const) {
    if (values.growth !== undefined && values[name] !== undefined)
      throw new OptionError(`--${name} has no meaning with --growth`);
  }
  const whole = (name: NumberName): number => numberOf(name, values[name], 1, Number.isInteger);
  const seconds = (name: NumberName, least: number): number => numberOf(name, values[name], least) * 1000;
  return {
    subscribers: whole('subscribers'),
    pairs: whole('pairs'),
    duration: seconds('seconds', 0.1),
    warmUp: seconds('warm-up', 0),
    turns: whole('turns'),
    text: 'x'.repeat(whole('bytes')),
    store: oneOf('store', values.store, ['sqlite', 'postgres']),
    beside: values.beside,
    only: values.only === undefined ? undefined : oneOf('only', values.only, ['fan-out', 'one-to-one']),
    growth: values.growth === undefined ? undefined : whole('growth'),
  };
}

type NumberName = 'subscribers' | 'pairs' | 'seconds' | 'warm-up' | 'turns' | 'bytes' | 'growth';

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: withGrowth(args),
      options: {
        subscribers: { type: 'string', default: '1000' },
        pairs: { type: 'string', default: '100' },
        seconds: { type: 'string', default: '3' },
        'warm-up': { type: 'string', default: '4' },
        turns: { type: 'string', default: '5' },
        bytes: { type: 'string', default: '200' },
        store: { type: 'string', default: 'sqlite' },
        beside: { type: 'string' },
        only: { type: 'string' },
        growth: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

/** `--growth` alone is `--growth 1`; `parseArgs` knows no values that may be absent. */
function withGrowth(args: readonly string[]): string[] {
  const isAlone = (index: number) => args[index] === '--growth' && !/^[^-]/.test(args[index + 1] ?? '');
  return args.flatMap((arg, index) => (isAlone(index) ? ['--growth', '1'] : [arg]));
}

function numberOf(
  name: string,
  text: string | undefined,
  least: number,
  isFit: (value: number) => boolean = Number.isFinite,
): number {
  const value = Number(text);
  if (text !== '' && isFit(value) && value >= least) return value;
  const kind = isFit === Number.isInteger ? 'whole number' : 'number';
  throw new OptionError(`--${name} must be a ${kind} from ${least} on, not ${text}`);
}

function oneOf<const T extends string>(name: string, value: string, known: readonly T[]): T {
  if (known.includes(value as T)) return value as T;
  throw new OptionError(`--${name} must be ${known.join(' or ')}, not ${value}`);
}
