import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DomainError } from '../core/errors.ts';
import { readFileForm } from './multipart.ts';

const TYPE = 'multipart/form-data; boundary=frontier';
const HEAD = 'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain';

function form(...parts: (string | Buffer)[]): Buffer {
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

/** A form of one part with this head and content. */
function onePart(head: string, content: string | Buffer = 'hello'): Buffer {
  return form('--frontier\r\n', head, '\r\n\r\n', content, '\r\n--frontier--\r\n');
}

async function* slices(bytes: Buffer, cuts: readonly number[] = []): AsyncGenerator<Buffer> {
  let from = 0;
  for (const cut of [...cuts].map((at) => at % (bytes.length + 1)).sort((a, b) => a - b)) {
    yield bytes.subarray(from, cut);
    from = cut;
  }
  yield bytes.subarray(from);
}

async function read(bytes: Buffer, cuts?: readonly number[], type: string | undefined = TYPE) {
  const { bytes: content, ...rest } = await readFileForm(slices(bytes, cuts), type, 'file');
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return { ...rest, content: Buffer.concat(chunks) };
}

test('a form of one file is read as it was sent', async () => {
  const { name, type, content } = await read(onePart(HEAD));
  assert.deepEqual([name, type, content.toString()], ['a.txt', 'text/plain', 'hello']);
});

test('any content in any slicing comes out whole', async () => {
  const pieces = fc.constantFrom(
    '\r\n',
    '--',
    '\r\n--',
    '--frontier',
    '\r\n--frontie',
    'x',
    '\r',
    '\n',
    '-',
    '\0',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(pieces, { maxLength: 30 }),
      fc.uint8Array({ maxLength: 50 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      async (texts, bytes, cuts) => {
        const sent = Buffer.concat([Buffer.from(texts.join('')), bytes]);
        fc.pre(
          !sent.includes('\r\n--frontier') && !`\r\n${sent.toString('latin1')}`.includes('\r\n--frontier'),
        );
        assert.deepEqual((await read(onePart(HEAD, sent), cuts)).content, sent);
      },
    ),
    { numRuns: 300 },
  );
});

test('a form that is cut anywhere is refused', async () => {
  const whole = onePart(HEAD);
  for (let length = 0; length < whole.length - '--\r\n'.length; length++) {
    await assert.rejects(
      read(whole.subarray(0, length)),
      { code: 'EINVAL', field: 'file' },
      `${length} bytes`,
    );
  }
});

test('garbage is refused and breaks nothing', async () => {
  const whole = onePart(HEAD);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      async (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        try {
          await read(bytes);
        } catch (error) {
          assert.ok(error instanceof DomainError, String((error as Error).stack));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('names come as browsers and old clients write them', async () => {
  const named = (filename: string) =>
    onePart(`Content-Disposition: form-data; name="file"; filename=${filename}`);
  assert.equal((await read(named('"报告 1.pdf"'))).name, '报告 1.pdf');
  assert.equal((await read(named('"say %22hi%22.txt"'))).name, 'say "hi".txt');
  assert.equal((await read(named('"say \\"hi\\".txt"'))).name, 'say "hi".txt');
  assert.equal((await read(named('plain.txt'))).name, 'plain.txt');
  assert.equal((await read(onePart('content-disposition:form-data;name=file'))).name, '');
});

/** `报告 1.pdf` as the libraries of clients write it into `Content-Disposition`. */
const WRITTEN: Readonly<Record<string, string>> = {
  browsers: 'filename="报告 1.pdf"',
  'the HttpClient of .NET': `filename="=?utf-8?B?${Buffer.from('报告 1.pdf').toString('base64')}?="; filename*=utf-8''%E6%8A%A5%E5%91%8A%201.pdf`,
  'older ones of .NET': `filename="=?utf-8?B?${Buffer.from('报告 1.pdf').toString('base64')}?="`,
  Spring: 'filename="=?UTF-8?Q?=E6=8A=A5=E5=91=8A_1.pdf?="',
  'mail libraries, in words that split a character':
    'filename="=?utf-8?Q?=E6=8A=A5=E5?= =?utf-8?Q?=91=8A_1.pdf?="',
  'mail libraries in GBK': 'filename="=?gb18030?B?sai45iAxLnBkZg==?="',
  'RFC 8187, before the plain name': 'filename*=UTF-8\'zh\'%e6%8a%a5%e5%91%8a%201.pdf; filename="__ 1.pdf"',
  aiohttp: 'filename="%E6%8A%A5%E5%91%8A%201.pdf"',
};

for (const [client, filename] of Object.entries(WRITTEN)) {
  test(`a name as ${client} write it is read as they mean it`, async () => {
    const { name } = await read(onePart(`Content-Disposition: form-data; name="file"; ${filename}`));
    assert.equal(name, '报告 1.pdf');
  });
}

test('a name that only looks encoded stays as it is', async () => {
  for (const [filename, expected] of [
    ['"100%25 sure.txt"', '100%25 sure.txt'],
    ['"50%.txt"', '50%.txt'],
    ['"%FF%FE.txt"', '%FF%FE.txt'],
    ['"=?x?.txt"', '=?x?.txt'],
    ['"=?no-such-charset?B?AAAA?="', '=?no-such-charset?B?AAAA?='],
    [`"a.txt"; filename*=no-such-charset''b.txt`, 'a.txt'],
    ['"a; name=other; filename=b.txt"', 'a; name=other; filename=b.txt'],
    ['"C:\\temp\\a.txt"', 'C:\\temp\\a.txt'],
  ] as const) {
    const head = `Content-Disposition: form-data; name="file"; filename=${filename}`;
    assert.equal((await read(onePart(head))).name, expected, filename);
  }
});

test('any name whatever breaks nothing', async () => {
  const piece = fc.constantFrom(
    '=?utf-8?',
    'B?',
    'Q?',
    '?=',
    "utf-8''",
    '%E6',
    '%',
    '"',
    '\\',
    ';',
    ' ',
    '*=',
    'x',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 20 }), fc.boolean(), async (pieces, isExtended) => {
      const filename = `filename${isExtended ? '*' : ''}=${pieces.join('')}`;
      const { name } = await read(onePart(`Content-Disposition: form-data; name="file"; ${filename}`));
      assert.equal(typeof name, 'string');
    }),
    { numRuns: 300 },
  );
});

test('what stands before and after the form is passed over, as long as it is short', async () => {
  assert.equal((await read(form('hello\r\n', onePart(HEAD), 'goodbye'))).content.toString(), 'hello');
  await assert.rejects(read(form('x'.repeat(5000), '\r\n', onePart(HEAD))), { code: 'EINVAL' });
  await assert.rejects(read(form(onePart(HEAD), 'x'.repeat(5000))), { code: 'EINVAL' });
});

const NOTE = 'Content-Disposition: form-data; name="note"';

test('other fields are passed over, wherever they stand', async () => {
  const note = (text: string) => `--frontier\r\n${NOTE}\r\n\r\n${text}\r\n`;
  const bytes = form(
    note('x'),
    note(''),
    `--frontier\r\n${HEAD}\r\n\r\nhello\r\n`,
    note('y'),
    '--frontier--',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { maxLength: 12 }), async (cuts) => {
      const { name, content } = await read(bytes, cuts);
      assert.deepEqual([name, content.toString()], ['a.txt', 'hello']);
    }),
    { numRuns: 100 },
  );
  const many = note('x'.repeat(1000)).repeat(70);
  for (const parts of [
    [many, `--frontier\r\n${HEAD}\r\n\r\nhello\r\n--frontier--`],
    [`--frontier\r\n${HEAD}\r\n\r\nhello\r\n`, many, '--frontier--'],
  ]) {
    await assert.rejects(read(form(...parts)), { code: 'ETOOLONG', field: 'file', limit: 65_536 });
  }
});

const REFUSED: Readonly<Record<string, readonly [bytes: Buffer, field: string, message: RegExp]>> = {
  'a form without a part': [form('--frontier--\r\n'), 'file', /file is missing/],
  'a form of other fields': [onePart(NOTE), 'file', /file is missing/],
  'a second file': [
    form('--frontier\r\n', HEAD, '\r\n\r\nx\r\n--frontier\r\n', HEAD, '\r\n\r\ny\r\n--frontier--'),
    'file',
    /more than one file/,
  ],
  'a part that is no field': [onePart('Content-Type: text/plain'), 'file', /no field/],
  'a part without a head': [form('--frontier\r\n\r\nx\r\n--frontier--'), 'file', /no field/],
  'a head without an end': [form('--frontier\r\nX: ', 'x'.repeat(20_000)), 'file', /head over 16384 bytes/],
};

for (const [what, [bytes, field, message]] of Object.entries(REFUSED)) {
  test(`${what} is refused`, async () => {
    await assert.rejects(read(bytes), { code: 'EINVAL', field, message });
  });
}

test('a body that is no form is refused', async () => {
  for (const type of [
    undefined,
    'application/json',
    'multipart/form-data',
    'multipart/mixed; boundary=frontier',
  ]) {
    await assert.rejects(readFileForm(slices(onePart(HEAD)), type, 'file'), {
      code: 'EINVAL',
      field: 'Content-Type',
    });
  }
});

test('no more is read than the reader of the file takes', async () => {
  let sent = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    yield form('--frontier\r\n', HEAD, '\r\n\r\n');
    for (;;) {
      sent++;
      yield Buffer.alloc(1000);
    }
  }
  const { bytes } = await readFileForm(endless(), TYPE, 'file');
  const reader = bytes[Symbol.asyncIterator]();
  for (let taken = 0; taken < 3; taken++) await reader.next();
  assert.ok(sent <= 4, `${sent} pieces`);
});
