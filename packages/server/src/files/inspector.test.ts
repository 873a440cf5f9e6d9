import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAGIC_INSPECTOR } from './inspector.ts';
import { gif, HTML, heic, jpeg, MP4, PDF, png, pngBomb, SVG, WEBM, zip } from './samples-fixture.ts';

function inspect(bytes: Uint8Array, type?: string, name = 'a.dat') {
  return MAGIC_INSPECTOR.inspect(bytes.subarray(0, MAGIC_INSPECTOR.headBytes), { type, name });
}

const TEXT = Buffer.from('BM is how bitmaps begin, and 你好 is how people do.\n');
const UTF16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('hello', 'utf16le')]);
const ANY = 'application/octet-stream';

const TRUE_CLAIMS: readonly (readonly [
  declared: string | undefined,
  bytes: Uint8Array,
  type: string,
  extension: string,
])[] = [
  ['image/png', png(3, 2), 'image/png', 'png'],
  ['image/jpg', jpeg(3, 2), 'image/jpeg', 'jpg'],
  ['IMAGE/JPEG; q=1', jpeg(3, 2), 'image/jpeg', 'jpg'],
  [ANY, png(3, 2), 'image/png', 'png'],
  [undefined, gif(3, 2), 'image/gif', 'gif'],
  ['application/pdf', PDF, 'application/pdf', 'pdf'],
  ['audio/webm;codecs=opus', WEBM, 'video/webm', 'webm'],
  ['audio/mp4', MP4, 'video/mp4', 'mp4'],
  ['application/zip', zip('a.txt'), 'application/zip', 'zip'],
  [
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    zip('a.txt'),
    'application/zip',
    'zip',
  ],
  ['text/plain', TEXT, 'text/plain', 'dat'],
  ['text/csv', TEXT, 'text/csv', 'dat'],
  ['application/json', Buffer.from('{}'), 'application/json', 'dat'],
  ['text/plain', UTF16, 'text/plain', 'dat'],
  ['text/plain', HTML, 'text/plain', 'dat'],
  [undefined, HTML, ANY, 'dat'],
  ['application/x-of-our-own', Buffer.from([1, 2, 3]), ANY, 'dat'],
];

for (const [declared, bytes, type, extension] of TRUE_CLAIMS) {
  test(`${declared} of ${bytes.length} bytes is kept as ${type}`, async () => {
    const nature = await inspect(bytes, declared);
    assert.deepEqual([nature.type, nature.extension], [type, extension]);
  });
}

const AVI = Buffer.concat([
  Buffer.from('RIFF'),
  Buffer.from([0, 1, 0, 0]),
  Buffer.from('AVI LIST\0\0\0\0hdrlavih'),
]);
const RTF = Buffer.from('{\\rtf1\\ansi hello}');
/** "BM 你好" as GBK has it. */
const GBK = Buffer.from([0x42, 0x4d, 0x20, 0xc4, 0xe3, 0xba, 0xc3, 0x0d, 0x0a]);
const BMP = Buffer.concat([
  Buffer.from('BM'),
  Buffer.from('3a000000000000003600000028000000030000000200000001001800', 'hex'),
  Buffer.alloc(32),
]);

/** What clients declare that is not so, or that nobody has heard of. */
const OTHER_CLAIMS: readonly (readonly [declared: string, bytes: Uint8Array, type: string, name?: string])[] =
  [
    ['video/x-msvideo', AVI, 'video/vnd.avi', 'a.avi'],
    ['application/vnd.ms-excel', Buffer.from('a,b\r\n1,2\r\n'), 'text/csv', 'a.csv'],
    ['application/msword', RTF, 'application/rtf', 'a.doc'],
    ['application/msword', HTML, ANY, 'a.doc'],
    ['application/vnd.ms-excel', HTML, ANY, 'a.xls'],
    ['application/wps-office.docx', zip('a.txt'), 'application/zip', 'a.docx'],
    ['video/mp2t', Buffer.from('export const a = 1;\n'), ANY, 'a.ts'],
    ['text/plain', GBK, 'text/plain', 'a.txt'],
    ['', GBK, 'text/plain', 'a.txt'],
    ['image/bmp', GBK, ANY, 'a.bmp'],
    ['', BMP, 'image/bmp', 'a.bmp'],
    ['', Buffer.from('BM\0\x01 no bitmap, and no text'), ANY, 'a.bmp'],
    ['image/jpeg', jpeg(3, 2), 'image/jpeg', 'a.png'],
    ...['image/*', '*/*', 'image', 'multipart/form-data', 'x', 'audio/x-nobody-knows'].map(
      (declared) => [declared, png(1, 1), 'image/png'] as const,
    ),
    ['image/png', HTML, ANY],
    ['image/png', SVG, ANY],
    ['image/png', jpeg(1, 1), 'image/jpeg'],
    ['image/png', Buffer.from('\x89PN', 'latin1'), ANY],
    ['video/mp4', PDF, 'application/pdf'],
    ['application/pdf', HTML, ANY],
    ['application/zip', TEXT, ANY],
    ['application/zip', TEXT, ANY, 'a.constructor'],
    ['text/plain', png(1, 1), 'image/png'],
    ['text/html', png(1, 1), 'image/png'],
    ['text/plain', Buffer.from([1, 0, 2]), ANY],
  ];

for (const [declared, bytes, type, name] of OTHER_CLAIMS) {
  const shown = Buffer.from(bytes.subarray(0, 8)).toString('latin1').trim();
  test(`${shown}… declared as ${declared} and named ${name} is kept as ${type}`, async () => {
    assert.equal((await inspect(bytes, declared, name)).type, type);
  });
}

for (const type of [
  'text/html',
  'application/xhtml+xml',
  'image/svg+xml',
  'text/xml',
  'application/xml',
  'application/atom+xml',
  'text/javascript',
  'application/javascript',
  'application/x-javascript',
  'text/ecmascript',
]) {
  test(`${type} is kept as bytes that nothing runs`, async () => {
    for (const bytes of [HTML, SVG]) assert.equal((await inspect(bytes, type)).type, ANY);
  });
}

test('the size of a picture is told as it is shown', async () => {
  const { format, width, height } = await inspect(png(30, 20), 'image/png');
  assert.deepEqual([format, width, height], ['PNG', 30, 20]);
  const upright = await inspect(jpeg(800, 600), 'image/jpeg');
  assert.deepEqual([upright.format, upright.width, upright.height], ['JPEG', 800, 600]);
  const lying = await inspect(jpeg(800, 600, 6), 'image/jpeg');
  assert.deepEqual([lying.width, lying.height], [600, 800]);
});

test('only pictures that may be turned, or whose head does not tell their size, are to be measured as a whole', async () => {
  const isUnmeasured = async (bytes: Uint8Array) => (await inspect(bytes)).isUnmeasured ?? false;
  for (const bytes of [png(3, 2), jpeg(3, 2, 6), gif(3, 2), PDF, MP4, HTML, TEXT, zip('a.txt')]) {
    assert.equal(await isUnmeasured(bytes), false);
  }
  for (const bytes of [heic(3, 2), jpeg(3, 2, 1, 400_000), Buffer.concat([png(3, 2), Buffer.from('eXIf')])]) {
    assert.equal(await isUnmeasured(bytes), true);
  }
});

test('a size behind profiles is found, one behind too many is left out', async () => {
  assert.equal((await inspect(jpeg(800, 600, 1, 200_000), 'image/jpeg')).width, 800);
  assert.equal((await inspect(jpeg(800, 600, 1, 400_000), 'image/jpeg')).width, undefined);
});

test('a picture that would fill the memory is measured by its head', async () => {
  const { width, height } = await inspect(pngBomb(), 'image/png');
  assert.deepEqual([width, height], [65_500, 65_500]);
});

test('damaged files of every kind are measured or not, and break nothing', async () => {
  const samples = [png(3, 2), jpeg(3, 2, 6), gif(3, 2), PDF, WEBM, MP4, zip('word/document.xml'), SVG];
  const damaged = fc
    .tuple(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
      fc.nat(),
    )
    .map(([sample, changes, cut]) => {
      const bytes = Buffer.from(sample);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes.subarray(0, 1 + (cut % bytes.length));
    });
  const claims = fc.constantFrom(undefined, 'image/png', 'image/jpeg', 'text/plain', 'application/zip');
  await fc.assert(
    fc.asyncProperty(damaged, claims, async (bytes, claim) => {
      assert.ok((await inspect(bytes, claim)).type);
    }),
    { numRuns: 500 },
  );
});
