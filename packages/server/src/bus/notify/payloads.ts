/** PostgreSQL takes payloads of less than 8000 bytes. */
const MAX_PAYLOAD = 7900;

/** Text of one body: all of it is ASCII, a byte a character. */
export function encode(channel: string, body: Uint8Array): string {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return `\n${channel} ${bytes.toString('base64')}`;
}

/**
 * Makes payloads of as many lines as fit: each costs PostgreSQL and every listener as much as a large one.
 *
 * @param head of each payload. It must differ each time: PostgreSQL tells equal payloads of a transaction once.
 */
export function pack(lines: readonly string[], head: () => string): string[] {
  const payloads: string[] = [];
  let payload = '';
  for (const line of lines) {
    if (payload !== '' && payload.length + line.length > MAX_PAYLOAD) {
      payloads.push(payload);
      payload = '';
    }
    payload ||= head();
    payload += line;
  }
  return payload === '' ? payloads : [...payloads, payload];
}

/** The head of a payload, and its lines. */
export function unpack(payload: string): readonly [head: string, lines: readonly string[]] {
  const [head = '', ...lines] = payload.split('\n');
  return [head, lines];
}

export function channelOf(line: string): string {
  return line.slice(0, line.indexOf(' '));
}

export function bodyOf(line: string): Buffer {
  return Buffer.from(line.slice(line.indexOf(' ') + 1), 'base64');
}
