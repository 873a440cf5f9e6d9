/**
 * The parameters of a header's value, such as those of `form-data; name="file"; filename="a; b.txt"` (RFC 2183, RFC 9110
 * section 5.6.6). Names come in lower case; of a name that stands there twice the first value counts.
 *
 * In quotes only `\"` and `\\` are escapes: clients write the backslashes of Windows paths as they are.
 */
export function headerParameters(value: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const [, name = '', quoted, bare = ''] of value.matchAll(PARAMETER)) {
    const key = name.toLowerCase();
    if (parameters.has(key)) continue;
    parameters.set(key, quoted === undefined ? bare.trim() : quoted.replace(/\\(["\\])/g, '$1'));
  }
  return parameters;
}

/** One parameter. Each match begins where the one before it ended, so that nothing within quotes is taken for one. */
const PARAMETER = /;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"]*))/g;
