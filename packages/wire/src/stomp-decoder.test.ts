import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StompDecoder, type StompDecoderOptions } from './stomp-decoder.ts';
import {
  type StompErrorCode,
  type StompFrame,
  StompProtocolError,
  type StompVersion,
} from './stomp-frame.ts';

interface PlainFrame {
  command: string;
  headers: Record<string, string>;
  body: string;
}

interface Outcome {
  frames: PlainFrame[];
  error?: StompProtocolError;
  heartbeats: number;
}

interface Case {
  readonly input: string | Uint8Array;
  readonly version?: StompVersion;
  readonly options?: Partial<StompDecoderOptions>;
  readonly frames?: readonly Partial<PlainFrame>[];
  readonly heartbeats?: number;
  readonly error?: { message: string; code: StompErrorCode; detail?: RegExp; receiptId?: string };
}

const utf8 = new TextEncoder();

function plain(frame: StompFrame): PlainFrame {
  return {
    command: frame.command,
    headers: Object.fromEntries(frame.headers),
    body: Buffer.from(frame.body).toString('latin1'),
  };
}

/** Decodes chunk by chunk, collecting the frames before an error and the error. */
function decode(
  chunks: readonly (Uint8Array | string)[],
  { version, options }: Pick<Case, 'version' | 'options'>,
): Outcome {
  const decoder = new StompDecoder(options);
  if (version !== undefined) decoder.version = version;
  const frames: PlainFrame[] = [];
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(plain(frame));
    }
  } catch (error) {
    assert.ok(error instanceof StompProtocolError, `unexpected ${error}`);
    return { frames, error, heartbeats: decoder.heartbeats };
  }
  return { frames, heartbeats: decoder.heartbeats };
}

const oneByteEach = (bytes: Uint8Array): Uint8Array[] =>
  Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
const splitAt = (bytes: Uint8Array, at: number): Uint8Array[] => [bytes.subarray(0, at), bytes.subarray(at)];
const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

function check(outcome: Outcome, expected: Case): void {
  const { frames = [], error, heartbeats } = expected;
  assert.deepEqual(
    outcome.frames,
    frames.map((frame) => ({ command: 'SEND', headers: {}, body: '', ...frame })),
  );
  if (heartbeats !== undefined) assert.equal(outcome.heartbeats, heartbeats);
  assert.equal(outcome.error?.message, error?.message);
  assert.equal(outcome.error?.code, error?.code);
  assert.equal(outcome.error?.receiptId, error?.receiptId);
  if (error?.detail !== undefined) assert.match(outcome.error?.detail ?? '', error.detail);
}

/** Every case holds for one chunk, for one byte a chunk, and for every cut in two. */
function suite(name: string, cases: Readonly<Record<string, Case>>): void {
  describe(name, () => {
    for (const [behaviour, expected] of Object.entries(cases)) {
      test(behaviour, () => {
        const bytes = typeof expected.input === 'string' ? utf8.encode(expected.input) : expected.input;
        check(decode([bytes], expected), expected);
        check(decode(oneByteEach(bytes), expected), expected);
        for (let at = 1; at < Math.min(bytes.length, 200); at += 1)
          check(decode(splitAt(bytes, at), expected), expected);
      });
    }
  });
}

const malformed = (message: string, detail?: RegExp): NonNullable<Case['error']> => ({
  message,
  code: 'malformed',
  ...(detail && { detail }),
});

suite('a STOMP frame', {
  'may be a command alone': { input: 'DISCONNECT\n\n\0', frames: [{ command: 'DISCONNECT' }] },
  // The specification allows CR LF from 1.2 on; Spring and RabbitMQ take it always, so do clients expect it.
  'may end its lines with CR LF, in 1.0': {
    input: 'DISCONNECT\r\n\r\n\0',
    version: '1.0',
    frames: [{ command: 'DISCONNECT' }],
  },
  'may end its lines with CR LF, in 1.2': {
    input: 'DISCONNECT\r\nreceipt:1\r\n\r\n\0',
    frames: [{ command: 'DISCONNECT', headers: { receipt: '1' } }],
  },
  'may mix both line ends': {
    input: 'SEND\r\ngreeting:hi\r\n\n\0SEND\ngreeting:ho\n\r\n\0',
    frames: [{ headers: { greeting: 'hi' } }, { headers: { greeting: 'ho' } }],
  },
  'has a body up to the first NUL': {
    input: 'SEND\ndestination:/a\n\nA body, and its end\0',
    frames: [{ headers: { destination: '/a' }, body: 'A body, and its end' }],
  },
  'has a body of any bytes but NUL, which ends it early': {
    input: Buffer.from('SEND\n\n\xff\x01\x80\0\x01\x02\n\n', 'latin1'),
    frames: [{ body: '\xff\x01\x80' }],
    error: { message: 'Unknown command', code: 'command' },
  },
  'keeps the line ends of its body': {
    input: 'SEND\n\none\r\ntwo\n\n\0',
    frames: [{ body: 'one\r\ntwo\n\n' }],
  },
  'may follow line ends, which are heart-beats': {
    input: '\n\r\nCONNECT\naccept-version:1.2\n\n\0',
    frames: [{ command: 'CONNECT', headers: { 'accept-version': '1.2' } }],
    heartbeats: 2,
  },
  // Not in the grammar. RabbitMQ skips empty frames, and a client that terminates twice harms nobody.
  'may follow stray NULs': { input: '\0\0CONNECT\n\n\0\0', frames: [{ command: 'CONNECT' }], heartbeats: 0 },
  'may be followed by line ends': {
    input: 'SEND\n\nbody\0\n\n\r\n',
    frames: [{ body: 'body' }],
    heartbeats: 3,
  },
  'may share a chunk with others and with heart-beats': {
    input: 'SEND\nn:1\n\nx\0\n\nSEND\nn:2\n\ny\0SEND\nn:3\n\nz\0\n',
    frames: [
      { headers: { n: '1' }, body: 'x' },
      { headers: { n: '2' }, body: 'y' },
      { headers: { n: '3' }, body: 'z' },
    ],
    heartbeats: 3,
  },
  'is not handed out before its NUL': { input: 'SEND\ndestination:/a\n\nA bod', frames: [] },
  'is not handed out before the end of its headers': { input: 'SEND\ndestination:/a\n', frames: [] },
  'is not handed out before the end of its command': { input: 'SEN', frames: [] },
  'carries UTF-8 in names, values and body': {
    input: 'SEND\ndestination:/topic/ü\nключ:日本\n\n😀\0',
    frames: [{ headers: { destination: '/topic/ü', ключ: '日本' }, body: latin1('😀') }],
  },
  'keeps a byte order mark in a header': {
    input: 'SEND\nx:\uFEFFy\n\n\0',
    frames: [{ headers: { x: '\uFEFFy' } }],
  },
});

suite('a frame that is no frame', {
  'begins with a bare CR': { input: '\rCONNECT\n\n\0', error: malformed('Malformed frame') },
  'has a CR in its command': {
    input: 'SE\rND\n\n\0',
    error: malformed('Malformed header', /carriage return/),
  },
  'has two CRs behind its command': { input: 'CONNECT\r\r\n\n\0', error: malformed('Malformed header') },
  'has a CR in a header name': { input: 'CONNECT\nhead\rer:1\n\n\0', error: malformed('Malformed header') },
  'has a CR in a header value': { input: 'CONNECT\nheader:1\r2\n\n\0', error: malformed('Malformed header') },
  'ends inside its headers': { input: 'SEND\nreceipt:1\n\0', error: malformed('Malformed frame', /NUL/) },
  'has a header without a colon': {
    input: 'CONNECT\nreceipt:7\noops\nb:2\n\n\0',
    error: { message: 'Malformed header', code: 'malformed', detail: /colon/, receiptId: '7' },
  },
  // Brokers only agree that it must do no harm. A name is what the grammar asks for.
  'has a header without a name': {
    input: 'SEND\ndestination:/a\n:v\n\nx\0',
    error: malformed('Malformed header', /name/),
  },
  'has headers that are not UTF-8': {
    input: Buffer.from('SEND\nx:\xff\n\n\0', 'latin1'),
    error: malformed('Malformed frame', /UTF-8/),
  },
  'follows a good one, which is still handed out': {
    input: 'SEND\n\nfirst\0SEND\noops\n\n\0SEND\n\nnever\0',
    frames: [{ body: 'first' }],
    error: malformed('Malformed header'),
  },
});

suite('a command', {
  'that nobody knows is refused, naming the receipt': {
    input: 'FOO\nreceipt:r\n\n\0',
    error: { message: 'Unknown command', code: 'command', detail: /"FOO"/, receiptId: 'r' },
  },
  'in lower case is refused': {
    input: 'sEND\ndestination:/a\n\n\0',
    error: { message: 'Unknown command', code: 'command', detail: /upper case/ },
  },
  'of the other side is refused': {
    input: 'MESSAGE\n\n\0',
    error: { message: 'Unknown command', code: 'command', detail: /other side/ },
  },
  'of a server is accepted from a server': {
    input: 'MESSAGE\nx:1\n\nbody\0RECEIPT\nreceipt-id:1\n\n\0',
    options: { sender: 'server' },
    frames: [
      { command: 'MESSAGE', headers: { x: '1' }, body: 'body' },
      { command: 'RECEIPT', headers: { 'receipt-id': '1' } },
    ],
  },
  // RabbitMQ and Artemis drop the body; the specification and Spring refuse it.
  'other than SEND has no body': {
    input: 'CONNECT\naccept-version:1.2\nreceipt:1\n\nbody\0',
    error: { message: 'Body not allowed', code: 'malformed', receiptId: '1' },
  },
  'other than SEND may end a line where others have a body': {
    input: 'CONNECT\naccept-version:1.2\n\n\n\0BEGIN\n\n\r\n\0DISCONNECT\n\n\n\n\0',
    frames: [
      { command: 'CONNECT', headers: { 'accept-version': '1.2' } },
      { command: 'BEGIN', headers: {} },
      { command: 'DISCONNECT', headers: {} },
    ],
  },
  'DISCONNECT may lack its blank line': {
    input: 'DISCONNECT\0DISCONNECT\n\0DISCONNECT\nreceipt:1\n\0DISCONNECT\r\nreceipt:2\0',
    frames: [
      { command: 'DISCONNECT', headers: {} },
      { command: 'DISCONNECT', headers: {} },
      { command: 'DISCONNECT', headers: { receipt: '1' } },
      { command: 'DISCONNECT', headers: { receipt: '2' } },
    ],
  },
  'other than DISCONNECT must have a blank line': {
    input: 'DISCONNECTED\n\0',
    error: malformed('Malformed frame'),
  },
  'other than SEND announces no body': {
    input: 'BEGIN\ncontent-length:3\n\n',
    error: malformed('Body not allowed'),
  },
  'other than SEND may announce an empty body': {
    input: 'BEGIN\ncontent-length:0\n\n\0',
    frames: [{ command: 'BEGIN', headers: { 'content-length': '0' } }],
  },
});

suite('a header', {
  'is unescaped in name and value': {
    input: 'DISCONNECT\na\\c\\r\\n\\\\b:alpha\\cbravo\\r\\n\\\\\n\n\0',
    frames: [{ command: 'DISCONNECT', headers: { 'a:\r\n\\b': 'alpha:bravo\r\n\\' } }],
  },
  'is unescaped once, not twice': {
    input: 'SEND\nhdr\\\\rname:C\\c\\\\new\\\\raw\n\n\0',
    frames: [{ headers: { 'hdr\\rname': 'C:\\new\\raw' } }],
  },
  'of CONNECT is not unescaped': {
    input: 'CONNECT\nkey:\\value\\c-)\\\n\n\0',
    frames: [{ command: 'CONNECT', headers: { key: '\\value\\c-)\\' } }],
  },
  'of STOMP is not unescaped, as it is a CONNECT': {
    input: 'STOMP\nkey:a\\cb\n\n\0',
    frames: [{ command: 'STOMP', headers: { key: 'a\\cb' } }],
  },
  'of CONNECTED is not unescaped': {
    input: 'CONNECTED\nkey:a\\cb\n\n\0',
    options: { sender: 'server' },
    frames: [{ command: 'CONNECTED', headers: { key: 'a\\cb' } }],
  },
  'in 1.0 is never unescaped': {
    input: 'SEND\na:b\\n\\x\\\n\n\0',
    version: '1.0',
    frames: [{ headers: { a: 'b\\n\\x\\' } }],
  },
  'in 1.1 is unescaped': {
    input: 'SEND\na:\\n\\c\\\\\n\n\0',
    version: '1.1',
    frames: [{ headers: { a: '\n:\\' } }],
  },
  'in 1.1 knows no escaped CR': {
    input: 'SEND\na:\\r\n\n\0',
    version: '1.1',
    error: malformed('Invalid escape'),
  },
  // Artemis (1.1) and go-stomp keep unknown escapes; the specification calls them fatal.
  'with an undefined escape is refused, in 1.1': {
    input: 'SEND\na:x\\t\n\nbody\0',
    version: '1.1',
    error: malformed('Invalid escape', /\\\\t/),
  },
  'with an undefined escape is refused, in 1.2': {
    input: 'SEND\nreceipt:1\na:x\\x\\n\n\nbody\0',
    error: { message: 'Invalid escape', code: 'malformed', receiptId: '1' },
  },
  'with a backslash at its end is refused': {
    input: 'SEND\na:x\\\n\nbody\0',
    error: malformed('Invalid escape'),
  },
  'may have an empty value': {
    input: 'CONNECT\nkey:\n\n\0',
    frames: [{ command: 'CONNECT', headers: { key: '' } }],
  },
  'may have colons in its value': {
    input: 'CONNECT\nhost:a:b:\n\n\0SEND\nhost:a:b\n\n\0',
    frames: [{ command: 'CONNECT', headers: { host: 'a:b:' } }, { headers: { host: 'a:b' } }],
  },
  'is not trimmed from 1.1 on': {
    input: 'SEND\n a :b \ntab:\t c\t\n\n\0',
    frames: [{ headers: { ' a ': 'b ', tab: '\t c\t' } }],
  },
  'is trimmed in 1.0': {
    input: 'SEND\n a : b \na:c\n\n\0',
    version: '1.0',
    frames: [{ headers: { a: 'b' } }],
  },
  'is trimmed in a CONNECT that speaks 1.0 only': {
    input:
      'CONNECT\nlogin: joe \n\n\0CONNECT\naccept-version: 1.0\nlogin: joe\n\n\0STOMP\naccept-version:1.0,1.1\nlogin: joe\n\n\0',
    frames: [
      { command: 'CONNECT', headers: { login: 'joe' } },
      { command: 'CONNECT', headers: { 'accept-version': '1.0', login: 'joe' } },
      { command: 'STOMP', headers: { 'accept-version': '1.0,1.1', login: ' joe' } },
    ],
  },
  'may have spaces in its name': {
    input: 'SEND\nmy key: v\n\n\0',
    frames: [{ headers: { 'my key': ' v' } }],
  },
  'counts where it stands first': {
    input: 'SEND\ndestination:/a\nfoo:1\ndestination:/b\nfoo:2\n\n\0',
    frames: [{ headers: { destination: '/a', foo: '1' } }],
  },
});

suite('content-length', {
  'gives the length of the body': {
    input: 'SEND\ncontent-length:9\n\nnine byte\0',
    frames: [{ headers: { 'content-length': '9' }, body: 'nine byte' }],
  },
  'lets a body hold NULs': {
    input: 'SEND\ncontent-length:5\n\na\0b\0c\0SEND\n\nnext\0',
    frames: [{ headers: { 'content-length': '5' }, body: 'a\0b\0c' }, { body: 'next' }],
  },
  'may be zero': { input: 'SEND\ncontent-length:0\n\n\0', frames: [{ headers: { 'content-length': '0' } }] },
  // Spring ignores a negative one, and RabbitMQ one that is no number; most brokers refuse both, and guessing the
  // end of a body would let one client's mistake be read as its next frame.
  'must not be negative': {
    input: 'SEND\nreceipt:1\ncontent-length:-1\n\nbody\0',
    error: { message: 'Invalid content-length', code: 'header', detail: /content-length/, receiptId: '1' },
  },
  'must be a number': {
    input: 'SEND\ncontent-length:abc\n\nhello\0',
    error: { message: 'Invalid content-length', code: 'header' },
  },
  'must not be empty': {
    input: 'SEND\ncontent-length:\n\nhello\0',
    error: { message: 'Invalid content-length', code: 'header' },
  },
  'must be whole': {
    input: 'SEND\ncontent-length:1e1\n\nhello\0',
    error: { message: 'Invalid content-length', code: 'header' },
  },
  'may have spaces around it': {
    input: 'SEND\ncontent-length: 5 \n\nhello\0',
    frames: [{ headers: { 'content-length': ' 5 ' }, body: 'hello' }],
  },
  // Artemis and Vert.x cut the body off instead.
  'that is too short is refused': {
    input: 'SEND\ncontent-length:1\nreceipt:1\n\nabc\0',
    error: { message: 'Frame must end with NUL', code: 'malformed', receiptId: '1' },
  },
  'that is too long waits for more': { input: 'SEND\ncontent-length:23\n\nnot yet all', frames: [] },
  'counts bytes, not characters': {
    input: `SEND\ncontent-length:${Buffer.byteLength('Ärger 海纳')}\n\nÄrger 海纳\0`,
    frames: [{ headers: { 'content-length': '13' }, body: latin1('Ärger 海纳') }],
  },
  'that was given twice counts where it stands first': {
    input: 'SEND\ncontent-length:2\ncontent-length:1\n\nab\0',
    frames: [{ headers: { 'content-length': '2' }, body: 'ab' }],
  },
  'in CONNECT must make sense too': {
    input: 'CONNECT\ncontent-length:x\n\n\0',
    error: { message: 'Invalid content-length', code: 'header' },
  },
});

const tooLarge = (message: string): NonNullable<Case['error']> => ({ message, code: 'too-large' });
const manyHeaders = (count: number): string =>
  Array.from({ length: count }, (_, n) => `h${n}:${n}\n`).join('');

suite('a limit', {
  'on frames refuses an announced body as soon as it is known': {
    input: 'SEND\n\nok\0SEND\ncontent-length:129\n\n',
    options: { maxFrameBytes: 128 },
    frames: [{ body: 'ok' }],
    error: tooLarge('Frame too large'),
  },
  'on frames refuses a body whose end does not come': {
    input: `SEND\n\n${'x'.repeat(123)}`,
    options: { maxFrameBytes: 128 },
    error: tooLarge('Frame too large'),
  },
  'on frames is a length that is still allowed': {
    input: `SEND\n\n${'x'.repeat(122)}\0`,
    options: { maxFrameBytes: 128 },
    frames: [{ body: 'x'.repeat(122) }],
  },
  'on frames holds for announced bodies alike': {
    input: `SEND\ncontent-length:103\n\n${'x'.repeat(103)}\0SEND\ncontent-length:104\n\n`,
    options: { maxFrameBytes: 128 },
    frames: [{ headers: { 'content-length': '103' }, body: 'x'.repeat(103) }],
    error: tooLarge('Frame too large'),
  },
  'on headers refuses a long one before its end': {
    input: `SEND\nkey:${'x'.repeat(55)}`,
    options: { maxHeaderBytes: 64 },
    error: tooLarge('Headers too large'),
  },
  'on headers lets a long one pass that is within it': {
    input: `SEND\nkey:${'x'.repeat(53)}\n\n\0`,
    options: { maxHeaderBytes: 64 },
    frames: [{ headers: { key: 'x'.repeat(53) } }],
  },
  'on headers refuses a command without an end': {
    input: 'x'.repeat(64),
    options: { maxHeaderBytes: 64 },
    error: tooLarge('Headers too large'),
  },
  'on frames is one on headers too': {
    input: `SEND\nkey:${'x'.repeat(200)}`,
    options: { maxFrameBytes: 64 },
    error: tooLarge('Headers too large'),
  },
  'on the count of headers is still allowed': {
    input: `SEND\n${manyHeaders(3)}\n\0`,
    options: { maxHeaders: 3 },
    frames: [{ headers: { h0: '0', h1: '1', h2: '2' } }],
  },
  'on the count of headers refuses one more': {
    input: `SEND\n${manyHeaders(4)}\n\0`,
    options: { maxHeaders: 3 },
    error: tooLarge('Too many headers'),
  },
  'on the count of headers does not count repetitions': {
    input: `SEND\n${manyHeaders(3).repeat(3)}\n\0`,
    options: { maxHeaders: 3 },
    frames: [{ headers: { h0: '0', h1: '1', h2: '2' } }],
  },
});

describe('StompDecoder', () => {
  test('reads strings as UTF-8, also mixed with bytes', () => {
    const outcome = decode(['SEND\nkéy:v\n\n日', utf8.encode('本\0'), 'SEND\n\nx\0'], {});
    assert.deepEqual(
      outcome.frames.map((frame) => frame.body),
      [latin1('日本'), 'x'],
    );
  });

  test('hands out a body that is a view of the chunk it came in', () => {
    const chunk = utf8.encode('SEND\n\nbody\0SEND\ncontent-length:2\n\nab\0');
    const decoder = new StompDecoder();
    decoder.push(chunk);
    for (const length of [4, 2]) {
      const body = decoder.next()?.body;
      assert.equal(body?.buffer, chunk.buffer);
      assert.equal(body?.length, length);
    }
  });

  test('never changes a body it has handed out', () => {
    const decoder = new StompDecoder();
    const bodies: Uint8Array[] = [];
    const stream = utf8.encode(Array.from({ length: 200 }, (_, n) => `SEND\n\nbody ${n}\0`).join(''));
    for (let at = 0; at < stream.length; at += 7) {
      decoder.push(stream.slice(at, at + 7));
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) bodies.push(frame.body);
    }
    assert.deepEqual(
      bodies.map((body) => Buffer.from(body).toString()),
      Array.from({ length: 200 }, (_, n) => `body ${n}`),
    );
  });

  test('takes a new version and a new limit between two frames of one chunk', () => {
    const decoder = new StompDecoder({ maxFrameBytes: 32 });
    decoder.push(`CONNECT\n\n\0SEND\na:\\x\n\n${'x'.repeat(64)}\0`);
    assert.equal(decoder.next()?.command, 'CONNECT');
    decoder.version = '1.0';
    decoder.maxFrameBytes = 128;
    assert.equal(decoder.next()?.headers.get('a'), '\\x');
  });

  test('holds no bytes once all frames are read', () => {
    const decoder = new StompDecoder();
    decoder.push('SEND\n\nx\0\n');
    assert.equal(decoder.pendingBytes, 9);
    decoder.next();
    decoder.next();
    assert.equal(decoder.pendingBytes, 0);
  });

  test('keeps a chunk that was pushed before the last was read', () => {
    const decoder = new StompDecoder();
    decoder.push('SEND\n\n1\0');
    decoder.push('SEND\n\n2\0');
    const bodies = [decoder.next(), decoder.next()].map((frame) => frame && plain(frame).body);
    assert.deepEqual(bodies, ['1', '2']);
  });

  test('stays broken once the stream stopped making sense', () => {
    const decoder = new StompDecoder();
    decoder.push('NONSENSE\n\n\0');
    assert.throws(() => decoder.next(), { message: 'Unknown command' });
    decoder.push('SEND\n\nx\0');
    assert.throws(() => decoder.next(), { message: 'Unknown command' });
    assert.equal(decoder.pendingBytes, 0);
  });

  test('reads a megabyte of text and of arbitrary bytes unchanged, in pieces', () => {
    const text = utf8.encode('汉字 and text '.repeat(60_000));
    const octets = Uint8Array.from({ length: 1 << 20 }, (_, n) => (n * 31) % 256);
    const decoder = new StompDecoder({ maxFrameBytes: 2 << 20 });
    for (const body of [text, octets]) {
      decoder.push(`SEND\ncontent-length:${body.length}\n\n`);
      for (let at = 0; at < body.length; at += 9000) {
        assert.equal(decoder.next(), undefined);
        decoder.push(body.subarray(at, at + 9000));
      }
      decoder.push('\0');
      assert.deepEqual(Buffer.from(decoder.next()?.body ?? []), Buffer.from(body));
    }
  });

  test('reads a body byte by byte in linear time', () => {
    const decoder = new StompDecoder({ maxFrameBytes: 1 << 20 });
    decoder.push('SEND\n\n');
    const byte = utf8.encode('x');
    for (let n = 0; n < 500_000; n += 1) {
      decoder.push(byte);
      decoder.next();
    }
    decoder.push('\0');
    assert.equal(decoder.next()?.body.length, 500_000);
  });
});
