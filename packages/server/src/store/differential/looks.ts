import type { Store } from '../../core/ports/store.ts';
import type { OperationName } from '../sql/operation-kinds.ts';

/** A look at what a store has. */
export interface Look {
  readonly name: OperationName;
  /** What is looked at, for whoever reads of a difference. */
  readonly args: readonly unknown[];
  read(store: Store): Promise<unknown>;
}

type Reading<Name extends OperationName> = (...args: Parameters<Store[Name]>) => ReturnType<Store[Name]>;

/** One call. */
export function look<Name extends OperationName>(name: Name, ...args: Parameters<Store[Name]>): Look {
  return {
    name,
    args,
    read: (store) => (store[name] as unknown as Reading<Name>)(...args) as Promise<unknown>,
  };
}

/** More pages than anything has. */
const MAX_PAGES = 500;

/**
 * All pages of a list, each store by its own cursors.
 *
 * @param page reads the page after a cursor
 * @param next where to go on after a page; undefined after the last
 */
export function pages<Page, Cursor>(
  name: OperationName,
  args: readonly unknown[],
  page: (store: Store, after: Cursor | undefined) => Promise<Page>,
  next: (page: Page) => Cursor | undefined,
): Look {
  return {
    name,
    args,
    async read(store) {
      const found: Page[] = [];
      let after: Cursor | undefined;
      do {
        const read: Page = await page(store, after);
        found.push(read);
        after = next(read);
        if (found.length > MAX_PAGES) throw new Error(`${name} has no end`);
      } while (after !== undefined);
      return found;
    },
  };
}

/** Where to go on in a list of items, which ends with a page that is not full. */
export function afterLast<Item, Cursor>(limit: number, cursorOf: (item: Item) => Cursor) {
  return (items: readonly Item[]): Cursor | undefined => {
    const last = items.at(-1);
    return items.length < limit || last === undefined ? undefined : cursorOf(last);
  };
}
