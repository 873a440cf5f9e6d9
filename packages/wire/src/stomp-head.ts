import { isEscaped, unescapeHeader } from './stomp-escape.ts';
import {
  CLIENT_COMMANDS,
  SERVER_COMMANDS,
  type StompErrorCode,
  StompProtocolError,
  type StompVersion,
} from './stomp-frame.ts';

/** Which commands one side sends. */
export interface StompGrammar {
  readonly commands: ReadonlySet<string>;
  readonly commandsWithBody: ReadonlySet<string>;
}

/** STOMP 1.2, "Body": only SEND, MESSAGE and ERROR may have one. */
export const GRAMMARS: Readonly<Record<'client' | 'server', StompGrammar>> = {
  client: { commands: new Set(CLIENT_COMMANDS), commandsWithBody: new Set(['SEND']) },
  server: { commands: new Set(SERVER_COMMANDS), commandsWithBody: new Set(['MESSAGE', 'ERROR']) },
};

export interface StompHeadRules {
  readonly grammar: StompGrammar;
  readonly version: StompVersion;
  readonly maxHeaders: number;
}

/** A frame without its body. */
export interface StompHead {
  readonly command: string;
  readonly headers: ReadonlyMap<string, string>;
  /** Bytes of the body; `undefined` where it ends at the first NUL. */
  readonly bodyLength: number | undefined;
}

/** A byte order mark is part of a header like any other character. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads command and headers.
 *
 * @param bytes from the command's first byte to the end of the blank line
 * @throws {StompProtocolError} with the frame's receipt, where that header came before what is wrong
 */
export function parseHead(bytes: Uint8Array, rules: StompHeadRules): StompHead {
  const text = withoutCarriageReturns(decodeHead(bytes));
  const commandEnd = text.indexOf('\n');
  const command = text.slice(0, commandEnd);
  const headers = new Map<string, string>();
  try {
    const escaped = isEscaped(command, rules.version) && text.includes('\\');
    parseHeaders(text, commandEnd + 1, headers, escaped ? rules.version : undefined);
    if (isTrimmed(command, headers, rules)) trimHeaders(headers);
    if (headers.size > rules.maxHeaders) {
      throw tooLarge('Too many headers', `A frame may have ${rules.maxHeaders} headers.`);
    }
    if (!rules.grammar.commands.has(command)) throw unknownCommand(command, rules.grammar);
    return { command, headers, bodyLength: bodyLength(command, headers, rules.grammar) };
  } catch (error) {
    throw withReceipt(error, headers);
  }
}

/** STOMP 1.0 lets headers be padded ("Frame-based protocol"); a CONNECT that names no version is of that one. */
function isTrimmed(
  command: string,
  headers: ReadonlyMap<string, string>,
  { grammar, version }: StompHeadRules,
): boolean {
  if (grammar !== GRAMMARS.client) return false;
  if (command !== 'CONNECT' && command !== 'STOMP') return version === '1.0';
  const accepted = headers.get('accept-version');
  return accepted === undefined || accepted.trim() === '1.0';
}

function trimHeaders(headers: Map<string, string>): void {
  const entries = [...headers];
  headers.clear();
  for (const [name, value] of entries) if (!headers.has(name.trim())) headers.set(name.trim(), value.trim());
}

function decodeHead(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw malformed('The headers are not valid UTF-8.', cause);
  }
}

/** Fills `headers` as far as the lines are sound. Unescapes where a version is given. */
function parseHeaders(
  text: string,
  start: number,
  headers: Map<string, string>,
  version: StompVersion | undefined,
): void {
  let from = start;
  for (let end = text.indexOf('\n', from); end > from; end = text.indexOf('\n', from)) {
    const colon = text.indexOf(':', from);
    if (colon === -1 || colon > end) throw malformedHeader('A header line has no colon.');
    if (colon === from) throw malformedHeader('A header has no name.');
    let name = text.slice(from, colon);
    let value = text.slice(colon + 1, end);
    if (version !== undefined) {
      name = unescapeHeader(name, version);
      value = unescapeHeader(value, version);
    }
    // STOMP 1.2, "Repeated Header Entries": the first one counts.
    if (!headers.has(name)) headers.set(name, value);
    from = end + 1;
  }
}

function bodyLength(
  command: string,
  headers: ReadonlyMap<string, string>,
  grammar: StompGrammar,
): number | undefined {
  const length = parseContentLength(headers.get('content-length'));
  if (grammar.commandsWithBody.has(command)) return length;
  if (length !== undefined && length > 0) throw bodyNotAllowed(command);
  return 0;
}

/** CR LF ends a line in every version: the specification has it from 1.2 on, peers always did it. */
function withoutCarriageReturns(text: string): string {
  if (!text.includes('\r')) return text;
  const plain = text.replaceAll('\r\n', '\n');
  if (plain.includes('\r')) throw malformedHeader('A carriage return stands inside the command or a header.');
  return plain;
}

/** Spaces around the number are tolerated, as other brokers do; all else is refused rather than guessed at. */
function parseContentLength(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const length = /^\s*\d{1,15}\s*$/.test(value) ? Number(value) : undefined;
  if (length === undefined) {
    throw new StompProtocolError(
      'Invalid content-length',
      'The header content-length must be a count of bytes, such as 42.',
    );
  }
  return length;
}

function unknownCommand(command: string, grammar: StompGrammar): StompProtocolError {
  return new StompProtocolError('Unknown command', explainCommand(command, grammar), { code: 'command' });
}

function explainCommand(command: string, grammar: StompGrammar): string {
  const quoted = JSON.stringify(command.slice(0, 32));
  if (grammar.commands.has(command.toUpperCase())) return `Commands are upper case, unlike ${quoted}.`;
  const isKnown = Object.values(GRAMMARS).some(({ commands }) => commands.has(command));
  return isKnown ? `${quoted} is for the other side to send.` : `${quoted} is no STOMP command.`;
}

export function withReceipt(error: unknown, headers: ReadonlyMap<string, string>): unknown {
  const receiptId = headers.get('receipt');
  if (receiptId === undefined || !(error instanceof StompProtocolError)) return error;
  return new StompProtocolError(error.message, error.detail, {
    code: error.code,
    receiptId,
    cause: error.cause,
  });
}

export function malformed(detail: string, cause?: unknown): StompProtocolError {
  return error('Malformed frame', detail, 'malformed', cause);
}

function malformedHeader(detail: string): StompProtocolError {
  return error('Malformed header', detail, 'malformed');
}

export function tooLarge(message: string, detail: string): StompProtocolError {
  return error(message, detail, 'too-large');
}

export function bodyNotAllowed(command: string): StompProtocolError {
  return error('Body not allowed', `${command} has no body.`, 'malformed');
}

function error(message: string, detail: string, code: StompErrorCode, cause?: unknown): StompProtocolError {
  return new StompProtocolError(message, detail, { code, cause });
}
