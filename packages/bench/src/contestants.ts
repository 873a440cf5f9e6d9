import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Haina, type StoreKind, startEmpty } from './haina.ts';
import { OptionError } from './options.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A version of the server on a kind of store, which is measured beside others. */
export interface Contestant {
  /** What tells it from the others; empty where it is alone. */
  readonly name: string;
  /** Starts it on an empty store. */
  start(): Promise<Haina>;
}

/** This version on SQLite, and beside it another one, on PostgreSQL, or both on both. @param beside another checkout's folder */
export function contestantsOf(store: StoreKind, beside?: string): Contestant[] {
  const checkouts = beside === undefined ? [ROOT] : [ROOT, resolve(beside)];
  const stores: StoreKind[] = store === 'sqlite' ? ['sqlite'] : ['sqlite', 'postgres'];
  return checkouts.flatMap((checkout) => {
    const script = scriptOf(checkout);
    return stores.map((kind) => ({
      name: [
        ...(beside === undefined ? [] : [checkout === checkouts[0] ? 'this' : nameOf(checkout)]),
        ...(stores.length === 1 ? [] : [kind === 'sqlite' ? 'SQLite' : 'PostgreSQL']),
      ].join(', '),
      start: () => startEmpty(script, kind),
    }));
  });
}

/** The server's script in a checkout. @throws OptionError */
export function scriptOf(checkout = ROOT): string {
  const script = join(checkout, 'packages/server/src/main.ts');
  if (!existsSync(script)) throw new OptionError(`${checkout} is no checkout of haina: ${script} is missing`);
  return script;
}

function nameOf(checkout: string): string {
  return basename(checkout) === 'this' ? checkout : basename(checkout);
}
