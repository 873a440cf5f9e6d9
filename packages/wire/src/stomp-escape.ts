import { StompProtocolError, type StompVersion } from './stomp-frame.ts';

/** What follows a backslash, and what both stand for (STOMP 1.1 and 1.2, "Value Encoding"). 1.0 has no escapes. */
const UNESCAPED: Readonly<Record<StompVersion, Readonly<Record<string, string>>>> = {
  '1.0': {},
  '1.1': { n: '\n', c: ':', '\\': '\\' },
  '1.2': { n: '\n', c: ':', '\\': '\\', r: '\r' },
};

const ESCAPED: Readonly<Record<string, string>> = { '\n': '\\n', ':': '\\c', '\\': '\\\\', '\r': '\\r' };

/** Whether headers of a frame are escaped at all. CONNECT and CONNECTED never are, for the sake of 1.0 peers. */
export function isEscaped(command: string, version: StompVersion): boolean {
  return version !== '1.0' && command !== 'CONNECT' && command !== 'STOMP' && command !== 'CONNECTED';
}

/**
 * Resolves the escapes of a header's name or value in one pass: chained replacements would turn the `\\n` in
 * `C:\\new` into a line feed.
 *
 * @throws {StompProtocolError} on an escape the version does not define, a lone backslash at the end included
 */
export function unescapeHeader(text: string, version: StompVersion): string {
  const table = UNESCAPED[version];
  let result = '';
  let from = 0;
  for (let at = text.indexOf('\\'); at !== -1; at = text.indexOf('\\', from)) {
    const character = table[text.charAt(at + 1)];
    if (character === undefined) {
      throw new StompProtocolError(
        'Invalid escape',
        `STOMP ${version} does not define the header escape ${JSON.stringify(text.slice(at, at + 2))}.`,
        { code: 'malformed' },
      );
    }
    result += text.slice(from, at) + character;
    from = at + 2;
  }
  return from === 0 ? text : result + text.slice(from);
}

/**
 * Writes a header's name or value so that it cannot break the frame, whatever it holds. Characters that the version
 * has no escape for become spaces: NUL in all, carriage return before 1.2, every line end where nothing is escaped.
 */
export function escapeHeaderValue(text: string, escaped: boolean, version: StompVersion): string {
  if (!escaped) return UNSAFE_RAW.test(text) ? text.replace(UNSAFE_RAW_ALL, ' ') : text;
  if (!UNSAFE.test(text)) return text;
  return text.replace(UNSAFE_ALL, (character) => {
    if (character === '\r' && version === '1.1') return ' ';
    return ESCAPED[character] ?? ' ';
  });
}

/** As for values; and where nothing is escaped a colon would end the name too early. */
export function escapeHeaderName(text: string, escaped: boolean, version: StompVersion): string {
  const name = escapeHeaderValue(text, escaped, version);
  return escaped ? name : name.replaceAll(':', ' ');
}

const UNSAFE = /[\\\r\n:\0]/;
const UNSAFE_ALL = /[\\\r\n:\0]/g;
const UNSAFE_RAW = /[\r\n\0]/;
const UNSAFE_RAW_ALL = /[\r\n\0]/g;
