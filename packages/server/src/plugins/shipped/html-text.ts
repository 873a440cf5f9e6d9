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
 * read as a tag after all is written as one of them: the result never brings an element into a page.
 */
export function textOf(html: string): string {
  // Nothing that could begin a tag: by far the most messages.
  if (html.search(TAG) === -1) return html;
  const parts: string[] = [];
  let silent = 0;
  const parser = new Parser(
    {
      ontext: (text) => {
        if (silent === 0) parts.push(text);
      },
      onopentagname: (name) => {
        if (SILENT.has(name)) silent++;
        else if (LINES.has(name) && parts.length > 0) parts.push('\n');
      },
      onclosetag: (name) => {
        if (SILENT.has(name)) silent--;
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
