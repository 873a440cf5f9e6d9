import type { JsonValue } from '../core/model.ts';
import { refusalOf } from './panel.ts';
import type { PluginOutcome, Supervisor } from './supervisor.ts';

/**
 * The message types that plug-ins added. Contents are checked in the process of whoever added the type: a schema's
 * patterns can be as slow as any code.
 */
export class MessageTypes {
  readonly #owners: ReadonlyMap<string, Supervisor>;
  readonly #counted: (plugin: string, outcome: PluginOutcome) => void;

  constructor(plugins: readonly Supervisor[], counted: (plugin: string, outcome: PluginOutcome) => void) {
    this.#owners = new Map(
      plugins.flatMap((plugin) => plugin.manifest.messageTypes.map((name) => [name, plugin] as const)),
    );
    this.#counted = counted;
  }

  has(name: string | undefined): name is string {
    return name !== undefined && this.#owners.has(name);
  }

  /** EINVAL naming the field, where the content does not fit. */
  async check(name: string, content: JsonValue | null): Promise<void> {
    const owner = this.#owners.get(name);
    if (!owner) return;
    const verdict = await owner.ask(`type ${name}`, content);
    this.#counted(owner.name, verdict.answer === 'refuse' ? 'refused' : 'passed');
    if (verdict.answer === 'refuse') throw refusalOf(verdict);
  }
}
