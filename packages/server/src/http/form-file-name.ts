/**
 * What a client calls the file of a form's part, in any of the ways that clients write a name that is not plain ASCII;
 * empty where it gives none.
 *
 * @param parameters of the part's `Content-Disposition`
 */
export function formFileName(parameters: ReadonlyMap<string, string>): string {
  const extended = parameters.get('filename*');
  const plain = parameters.get('filename') ?? '';
  return (
    (extended === undefined ? undefined : fromExtended(extended)) ??
    fromEncodedWords(plain) ??
    fromPercents(plain) ??
    // Browsers escape these three and nothing else (WHATWG HTML, multipart/form-data encoding algorithm).
    plain.replace(/%(22|0A|0D)/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
  );
}

/** RFC 8187, as .NET and Spring write it: `utf-8''%E5%9B%BE.png`. */
function fromExtended(value: string): string | undefined {
  const [, charset = '', text = ''] = /^([\w-]+)'[\w-]*'(.*)$/.exec(value) ?? [];
  return decode(charset, percentBytes(text));
}

/** RFC 2047, as .NET, Spring and mail libraries write it: `=?utf-8?B?5Zu+LnBuZw==?=`. A long name is in several words. */
function fromEncodedWords(value: string): string | undefined {
  if (!ENCODED_WORDS.test(value)) return undefined;
  const words = [...value.matchAll(ENCODED_WORD)];
  const [first] = words;
  // A character's bytes may be split between two words.
  return decode(
    first?.[1] ?? '',
    Buffer.concat(words.map(([, , form = '', text = '']) => wordBytes(form, text))),
  );
}

const ENCODED_WORD = /=\?([\w-]+)(?:\*[\w-]*)?\?([BQ])\?([^?\s]*)\?=/gi;
const ENCODED_WORDS = /^\s*(?:=\?[\w-]+(?:\*[\w-]*)?\?[BQ]\?[^?\s]*\?=\s*)+$/i;

function wordBytes(form: string, text: string): Buffer {
  if (form.toUpperCase() === 'B') return Buffer.from(text, 'base64');
  return percentBytes(text.replaceAll('_', ' ').replace(/%/g, '%25').replaceAll('=', '%'));
}

/**
 * As aiohttp writes it: every byte in percents but those that no URL escapes. A name in which anything else stands is
 * meant as it is, and so is one that is no UTF-8 then.
 */
function fromPercents(value: string): string | undefined {
  if (!/^(?:[\w.~-]|%[0-9A-F]{2})*$/.test(value) || !value.includes('%')) return undefined;
  return decode('utf-8', percentBytes(value));
}

function percentBytes(text: string): Buffer {
  return Buffer.from(
    text.replace(/%([0-9a-f]{2})|[^\0-\x7f]/gi, (found, code) =>
      code === undefined
        ? Buffer.from(found, 'utf8').toString('latin1')
        : String.fromCharCode(Number.parseInt(code, 16)),
    ),
    'latin1',
  );
}

/** Undefined where there is no such charset, or the bytes are none of it. */
function decode(charset: string, bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
