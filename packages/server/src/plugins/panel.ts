import { DomainError } from '../core/errors.ts';
import type { Scope } from './api.ts';
import { readChange } from './changes.ts';
import type { Manifest, Verdict } from './protocol.ts';
import type { PluginOutcome } from './supervisor.ts';

/** A plug-in that can be asked and told. */
export interface Panelist {
  readonly name: string;
  readonly manifest: Manifest;
  ask(hook: string, input: unknown): Promise<Verdict>;
  tell(hook: string, input: unknown): void;
}

/** What is known of a question or an event before any plug-in is asked: who wants it depends on it. */
export interface Facts {
  readonly tenant?: string;
  readonly dialect?: string;
  /** Of a subscription. */
  readonly destination?: string;
}

/** Something that plug-ins are asked, one after the other. */
export interface Question<T> {
  readonly name: string;
  readonly asked: readonly Panelist[];
  readonly input: T;
  /** What plug-ins see of it; itself where absent. */
  view?(input: T): unknown;
  /** Throws for a change that can't be made. */
  apply(input: T, change: object): T;
}

const NOBODY: readonly Panelist[] = [];
const SENT_BY_PLUGIN = 'plugin/';

/** What a message that a plug-in sent has as its source. */
export function sourceOf(plugin: string): string {
  return `${SENT_BY_PLUGIN}${plugin}`;
}

export function isOfPlugin(source: string): boolean {
  return source.startsWith(SENT_BY_PLUGIN);
}

/** All plug-ins in their order, each asked and told only what it wants. */
export class Panel {
  readonly #asked: ReadonlyMap<string, readonly Panelist[]>;
  readonly #told: ReadonlyMap<string, readonly Panelist[]>;
  readonly #counted: (plugin: string, outcome: PluginOutcome) => void;

  constructor(panelists: readonly Panelist[], counted: (plugin: string, outcome: PluginOutcome) => void) {
    this.#asked = byHook(panelists, ({ intercept }) => intercept);
    this.#told = byHook(panelists, ({ listen }) => listen);
    this.#counted = counted;
  }

  /** Who is to be asked: mostly nobody, which costs one look into a map. */
  wanting(name: string, facts: Facts): readonly Panelist[] {
    const found = this.#asked.get(name);
    return found ? found.filter((panelist) => wants(panelist, facts)) : NOBODY;
  }

  /** Whether any plug-in is asked about, or told of, something of this name. */
  hears(name: string): boolean {
    return this.#asked.has(name) || this.#told.has(name);
  }

  tell(name: string, facts: Facts, event: unknown): void {
    for (const panelist of this.#told.get(name) ?? NOBODY) {
      if (wants(panelist, facts)) panelist.tell(`listen ${name}`, event);
    }
  }

  /** Gives the input as the plug-ins leave it. Rejects with the first refusal, or EINTERNAL where one failed. */
  async ask<T>({ name, asked, input, view, apply }: Question<T>): Promise<T> {
    let current = input;
    for (const panelist of asked) {
      const verdict = await panelist.ask(name, view ? view(current) : current);
      current = this.#heed(panelist, verdict, (change) => apply(current, readChange(name, change)), current);
    }
    return current;
  }

  /** Counts how a plug-in answered, and throws where it refused. */
  #heed<T>({ name }: Panelist, verdict: Verdict, apply: (change: unknown) => T, otherwise: T): T {
    switch (verdict.answer) {
      case 'pass':
        this.#counted(name, 'passed');
        return otherwise;
      case 'change': {
        const changed = this.#attempt(name, () => apply(verdict.change));
        this.#counted(name, 'changed');
        return changed;
      }
      case 'refuse':
        this.#counted(name, 'refused');
        throw refusalOf(verdict);
    }
  }

  #attempt<T>(name: string, apply: () => T): T {
    try {
      return apply();
    } catch (cause) {
      this.#counted(name, 'failed');
      throw new DomainError('EINTERNAL', `the plug-in ${name} failed`, { cause });
    }
  }
}

export function refusalOf({ code, message, field }: Extract<Verdict, { answer: 'refuse' }>): DomainError {
  return new DomainError(code, message, field === undefined ? {} : { field });
}

function byHook(
  panelists: readonly Panelist[],
  hooksOf: (manifest: Manifest) => readonly string[],
): Map<string, Panelist[]> {
  const found = new Map<string, Panelist[]>();
  for (const panelist of panelists) {
    for (const hook of hooksOf(panelist.manifest)) {
      found.set(hook, [...(found.get(hook) ?? []), panelist]);
    }
  }
  return found;
}

/** What is not known narrows nothing: a plug-in is rather asked once too often. Its own messages are none of its business. */
export function wants(
  { name, manifest: { only } }: Panelist,
  { tenant, dialect, destination }: Facts,
): boolean {
  if (dialect !== undefined && isOfPlugin(dialect))
    return dialect !== sourceOf(name) && fits(only.tenants, tenant);
  return (
    fits(only.dialects, dialect) && fits(only.tenants, tenant) && matches(only.destinations, destination)
  );
}

function fits(allowed: Scope['dialects'], value: string | undefined): boolean {
  return allowed === undefined || value === undefined || allowed.includes(value);
}

function matches(patterns: Scope['destinations'], destination: string | undefined): boolean {
  if (patterns === undefined || destination === undefined) return true;
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? destination.startsWith(pattern.slice(0, -1)) : destination === pattern,
  );
}
