import type { Content, JsonValue } from '../api.ts';

/** What is different in a content once its text, and on demand every string beside it, was rewritten; undefined for nothing. */
export function rewritten(
  content: Content,
  rewrite: (text: string) => string,
  withExtra: boolean,
): Partial<Content> | undefined {
  const text = rewrite(content.text);
  const extra = withExtra ? rewriteJson(content.extra, rewrite) : content.extra;
  const isSame =
    text === content.text && (!withExtra || JSON.stringify(extra) === JSON.stringify(content.extra));
  return isSame ? undefined : { text, extra };
}

function rewriteJson(value: JsonValue, rewrite: (text: string) => string): JsonValue {
  if (typeof value === 'string') return rewrite(value);
  if (Array.isArray(value)) return value.map((item) => rewriteJson(item, rewrite));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rewriteJson(item, rewrite)]));
}
