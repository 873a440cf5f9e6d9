/** What a value takes beside its text, in bytes. */
const VALUE_BYTES = 16;

/** Bytes that the arguments of an operation take in memory, roughly: texts count most, and are not copied to be counted. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return VALUE_BYTES + value.length * 2;
  if (typeof value !== 'object' || value === null) return VALUE_BYTES;
  if (ArrayBuffer.isView(value)) return VALUE_BYTES + value.byteLength;
  let size = VALUE_BYTES;
  // Also the entries of arrays, without an array of them.
  for (const name in value) size += sizeOf((value as Record<string, unknown>)[name]);
  return size;
}
