import { StartError } from '../../config/start-error.ts';
import type { Catalog } from './catalog.ts';
import { has } from './catalog.ts';

/** Stands at the end of a name for whatever may follow, on both sides alike. */
const WILDCARD = '*';
/** What may follow, to look a name with a wildcard up by. */
const EXAMPLE = 'x';

/** The names of one dialect for what clients of another server write, to send or to subscribe. */
class Names {
  readonly #exact = new Map<string, string>();
  /** The longest first. */
  #beginnings: (readonly [from: string, to: string])[] = [];

  add(from: string, to: string): void {
    if (!from.endsWith(WILDCARD)) this.#exact.set(from, to);
    else {
      this.#beginnings.push([from.slice(0, -1), to.slice(0, -1)]);
      this.#beginnings.sort(([a], [b]) => b.length - a.length);
    }
  }

  of(written: string): string {
    const exact = this.#exact.get(written);
    if (exact !== undefined) return exact;
    const found = this.#beginnings.find(([from]) => written.startsWith(from) && written !== from);
    return found ? found[1] + written.slice(found[0].length) : written;
  }
}

/** What a plug-in adds, as far as it takes names. */
export interface AddedNames {
  readonly plugin: string;
  readonly dialects: readonly string[] | undefined;
  readonly names: readonly string[];
}

/**
 * The configured names of destinations: what a client writes stands for one of its dialect's own, so that front ends of
 * other servers stay as they are. An entry concerns the dialects that have its target and not its name.
 */
export class DestinationMap {
  readonly #takes = new Map<string, Names>();
  readonly #tells = new Map<string, Names>();

  /** Throws a StartError for a target that there is not, for a name that is taken, and for one that leads to another. */
  static of(
    entries: Readonly<Record<string, string>>,
    catalogs: readonly Catalog[],
    added: readonly AddedNames[] = [],
  ): DestinationMap | undefined {
    const map = new DestinationMap();
    for (const [from, to] of Object.entries(entries)) {
      requireForm(from, to);
      if (from !== to && Object.hasOwn(entries, to)) {
        throw refused(from, to, 'which it maps itself: name the destination that a protocol has');
      }
      map.#add(from, to, catalogs, added);
    }
    return Object.keys(entries).length === 0 ? undefined : map;
  }

  /** The dialect's own name of where a SEND goes. */
  taking(dialect: string, written: string): string {
    return this.#takes.get(dialect)?.of(written) ?? written;
  }

  /** The dialect's own name of what a SUBSCRIBE asks for. */
  telling(dialect: string, written: string): string {
    return this.#tells.get(dialect)?.of(written) ?? written;
  }

  #add(from: string, to: string, catalogs: readonly Catalog[], added: readonly AddedNames[]): void {
    const owners = catalogs.filter((catalog) => has(catalog, exampleOf(to)));
    const [first] = owners;
    if (!first) throw refused(from, to, 'which no protocol has');
    const concerned = owners.filter((catalog) => !has(catalog, exampleOf(from)));
    if (concerned.length === 0) {
      throw new StartError(`destinations maps ${from}, which ${first.dialect} has itself`);
    }
    for (const owner of concerned) {
      const { dialect } = owner;
      const plugin = added.find(
        ({ dialects, names }) =>
          (dialects?.includes(dialect) ?? true) && names.some((name) => matches(from, name)),
      );
      if (plugin) throw new StartError(`destinations maps ${from}, which the plug-in ${plugin.plugin} adds`);
      if (owner.takes(exampleOf(to))) namesOf(this.#takes, dialect).add(from, to);
      if (owner.tells(exampleOf(to))) namesOf(this.#tells, dialect).add(from, to);
    }
  }
}

function namesOf(all: Map<string, Names>, dialect: string): Names {
  const names = all.get(dialect) ?? new Names();
  all.set(dialect, names);
  return names;
}

function requireForm(from: string, to: string): void {
  if (!/^\/\S/.test(from)) throw refused(from, to, 'but a destination begins with /');
  if (from === to) throw refused(from, to, 'which is the same');
  if (from.endsWith(WILDCARD) === to.endsWith(WILDCARD)) return;
  throw refused(from, to, 'but * has to end both or neither');
}

function refused(from: string, to: string, why: string): StartError {
  return new StartError(`destinations maps ${from} to ${to}, ${why}`);
}

function exampleOf(name: string): string {
  return name.endsWith(WILDCARD) ? name.slice(0, -1) + EXAMPLE : name;
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith(WILDCARD) ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
