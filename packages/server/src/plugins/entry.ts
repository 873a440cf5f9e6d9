import { basename, extname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Plug-ins that come with the server, by name. */
const SHIPPED: ReadonlyMap<string, URL> = new Map(
  ['sensitive-words', 'strip-html', 'audit-log'].map((name) => [
    name,
    new URL(`./shipped/${name}.ts`, import.meta.url),
  ]),
);

/** The name that logs, metrics and options know a configured plug-in by: a package's, or a file's without its ending. */
export function nameOf(entry: string): string {
  return isPath(entry) ? basename(entry, extname(entry)) : entry;
}

/** Where a shipped plug-in or a file is; undefined for the name of a package. */
export function locate(entry: string, base: string): URL | undefined {
  if (isPath(entry)) return pathToFileURL(resolve(fileURLToPath(base), entry));
  return SHIPPED.get(entry);
}

/** What to say of a name that nothing was found under: it may be a shipped plug-in's, misspelt. */
export function shippedHint(entry: string): string {
  return isPath(entry)
    ? ''
    : `; the plug-ins that come with the server are ${[...SHIPPED.keys()].join(', ')}`;
}

function isPath(entry: string): boolean {
  return /^(\.|\/|[A-Za-z]:[\\/])|\.[cm]?[jt]s$/.test(entry);
}
