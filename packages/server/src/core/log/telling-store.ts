import type { EventSink } from '../events.ts';
import { entriesOf, TOLD_OPERATIONS } from './entries-of.ts';
import { tellEntry } from './tellings.ts';

type Operation = (...args: readonly unknown[]) => Promise<unknown>;

/**
 * A store whose operations tell what they did, as soon as it is stored and before who called them knows: nobody can store
 * something and forget to tell it, and what is told in the order in which the store settles it.
 */
export function tellingStore<Store extends object>(store: Store, sink: EventSink): Store {
  const operations = store as unknown as Readonly<Record<string, Operation | undefined>>;
  const telling = new Map<string | symbol, Operation>();
  for (const name of TOLD_OPERATIONS) {
    telling.set(name, async (...args) => {
      const result = await (operations[name] as Operation).apply(store, [...args]);
      for (const entry of entriesOf(name, args, result)) tellEntry(sink, entry);
      return result;
    });
  }
  return new Proxy(store, { get: (target, name) => telling.get(name) ?? Reflect.get(target, name, target) });
}
