import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { type Answer, type Changes, type Content, change, definePlugin, refuse } from '../api.ts';
import { rewritten } from './content-strings.ts';
import { WordMatcher } from './word-matcher.ts';

interface Options {
  readonly words?: readonly string[];
  /** A text file with one word a line; empty lines, and those that begin with `#`, do not count. Read again when it changes. */
  readonly file?: string;
  readonly action?: 'mask' | 'refuse';
  readonly mask?: string;
  /** Whether strings beside the text count too: titles of cards, but also addresses. */
  readonly extra?: boolean;
}

/** From one look at the file to the next, in ms. */
const RELOAD_INTERVAL = 1000;

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
    const read = (): WordMatcher => matcherOf([...words, ...(file === undefined ? [] : readWords(file))]);
    let matcher = read();
    const reload = (): void => {
      try {
        matcher = read();
        console.log(`the words of ${file} were read again`);
      } catch (error) {
        console.error(`${file} can not be used; the words before it stay:`, error);
      }
    };
    // Polled, so that a file that takes the place of the old one is seen too.
    if (file !== undefined) watchFile(file, { interval: RELOAD_INTERVAL, persistent: false }, reload);
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
      close: () => (file === undefined ? undefined : unwatchFile(file, reload)),
    };
  },
});

function refuseWords() {
  return refuse('EPERM', 'content has words that are not allowed here', 'content');
}

/** Throws where there are no words at all. */
function matcherOf(words: readonly string[]): WordMatcher {
  const wanted = words.map((word) => word.trim()).filter((word) => word !== '');
  if (wanted.length > 0) return new WordMatcher(wanted);
  throw new Error('it needs words, as the option "words" or in the option "file"');
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
