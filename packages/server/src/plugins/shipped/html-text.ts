import { Parser } from 'htmlparser2';

/** Elements whose content is nothing to read. */
const SILENT: ReadonlySet<string> = new Set([
  'script',
  'style',
  'template',
  'noscript',
  'iframe',
  'object',
  'svg',
]);
/** Elements that end a line. */
const LINES: ReadonlySet<string> = new Set([
  'br',
  'p',
  'div',
  'li',
  'tr',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
]);
/** What a browser takes for the beginning of a tag. */
const TAG = /<(?=[A-Za-z/!?])/g;

/**
 * The text of an HTML fragment, without its tags. Character references stay as they are written, and what could be
 * read as a tag after all is written as one of them: the result never brings an element into a page. What follows a silent
 * element that is never closed stays: `<object oriented>` is no HTML.
 */
export function textOf(html: string): string {
  // Nothing that could begin a tag: by far the most messages.
  if (html.search(TAG) === -1) return html;
  const parts: string[] = [];
  const silent: { readonly name: string; readonly from: number }[] = [];
  const parser = new Parser(
    {
      ontext: (text) => parts.push(text),
      onopentagname: (name) => {
        if (SILENT.has(name)) silent.push({ name, from: parts.length });
        else if (LINES.has(name) && parts.length > 0) parts.push('\n');
      },
      onclosetag: (name, isImplied) => {
        const at = silent.findLastIndex((element) => element.name === name);
        const [element] = at === -1 ? [] : silent.splice(at);
        if (element && !isImplied) parts.splice(element.from);
      },
    },
    { decodeEntities: false },
  );
  parser.end(html);
  return parts
    .join('')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
    .replace(TAG, '&lt;');
}
