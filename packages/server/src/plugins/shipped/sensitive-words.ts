import { readFileSync } from 'node:fs';
import { type Answer, type Changes, type Content, change, definePlugin, refuse } from '../api.ts';
import { rewritten } from './content-strings.ts';
import { WordMatcher } from './word-matcher.ts';

interface Options {
  readonly words?: readonly string[];
  /** A text file with one word a line; empty lines, and those that begin with `#`, do not count. */
  readonly file?: string;
  readonly action?: 'mask' | 'refuse';
  readonly mask?: string;
  /** Whether strings beside the text count too: titles of cards, but also addresses. */
  readonly extra?: boolean;
}

const OPTIONS = {
  type: 'object',
  additionalProperties: false,
  properties: {
    words: { type: 'array', items: { type: 'string' } },
    file: { type: 'string', minLength: 1 },
    action: { enum: ['mask', 'refuse'] },
    mask: { type: 'string', minLength: 1, maxLength: 8 },
    extra: { type: 'boolean' },
  },
};

/** Masks or refuses messages that hold any of some words. */
export default definePlugin<Options>({
  options: OPTIONS,
  setup({ words = [], file, action = 'mask', mask = '*', extra = false }) {
    const all = [...words, ...(file === undefined ? [] : readWords(file))].map((word) => word.trim());
    const wanted = all.filter((word) => word !== '');
    if (wanted.length === 0) throw new Error('it needs words, as the option "words" or in the option "file"');
    const matcher = new WordMatcher(wanted);
    const clean = (text: string): string => masked(text, matcher, mask);
    const check = (content: Content): Answer<Changes['message.send']> => {
      const changed = rewritten(content, clean, extra);
      if (!changed) return undefined;
      return action === 'mask' ? change({ content: changed }) : refuseWords();
    };
    return {
      intercept: {
        'message.send': ({ content }) => check(content),
        'message.edit'({ text }) {
          const cleaned = clean(text);
          if (cleaned === text) return undefined;
          return action === 'mask' ? change({ text: cleaned }) : refuseWords();
        },
      },
    };
  },
});

function refuseWords() {
  return refuse('EPERM', 'content has words that are not allowed here', 'content');
}

function readWords(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#'));
}

/** The text with a mask in place of each character of the words. */
function masked(text: string, matcher: WordMatcher, mask: string): string {
  let rest = text;
  for (const [from, to] of matcher.find(text).reverse()) {
    rest = rest.slice(0, from) + mask.repeat([...text.slice(from, to)].length) + rest.slice(to);
  }
  return rest;
}
