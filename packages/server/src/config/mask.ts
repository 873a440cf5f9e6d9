/** What is shown in the place of a secret. */
export const MASK = '********';

/** A value to show: URLs may carry a password of their own. */
export function withoutCredentials(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCredentials);
  return typeof value === 'string'
    ? value.replace(/\/\/([^/@:]*:)?.*@/, (_, name = '') => `//${name}${MASK}@`)
    : value;
}
