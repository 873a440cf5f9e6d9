/** What browsers run or lay out as a page: never kept under its own name. */
const ACTIVE = /\/(x-)?(html|xhtml|xml|javascript|ecmascript|jscript|livescript)\b|\+xml$|^image\/svg/;

/** The type alone, in lower case. */
export function essence(type: string): string {
  return (type.split(';')[0] ?? '').trim().toLowerCase();
}

export function isActive(type: string): boolean {
  return ACTIVE.test(type);
}
