import { DomainError } from '../errors.ts';

/** Throws ECONFLICT where another has this value of the field. */
export function requireFree(isTaken: boolean, field: string, value: string): void {
  if (isTaken) throw new DomainError('ECONFLICT', `the ${field} ${value} is taken`, { field });
}
