import type { Store } from '../../core/ports/store.ts';
import type { OperationName } from '../sql/operation-kinds.ts';

/** One call of the store's port, by its name. */
export type Call = {
  [Name in OperationName]: { readonly name: Name; readonly args: Parameters<Store[Name]> };
}[OperationName];

export function call<Name extends OperationName>(name: Name, ...args: Parameters<Store[Name]>): Call {
  return { name, args } as unknown as Call;
}

/** As one would write it. */
export function show({ name, args }: { readonly name: string; readonly args: readonly unknown[] }): string {
  const written = args.map((arg) => (arg === undefined ? 'undefined' : JSON.stringify(arg)));
  return `${name}(${written.join(', ')})`;
}
