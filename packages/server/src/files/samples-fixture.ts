import { crc32, deflateSync } from 'node:zlib';

/** Files of each kind, made here and as small as they can be. */

/** A real picture of one colour. */
export function png(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const pixels = deflateSync(Buffer.alloc((width + 1) * height));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', pixels),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A picture that says it has 65 500 pixels each way, and is a few bytes. */
export function pngBomb(): Buffer {
  const picture = png(1, 1);
  picture.writeUInt32BE(65_500, 16);
  picture.writeUInt32BE(65_500, 20);
  return picture;
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/**
 * The head of a photograph.
 *
 * @param orientation Exif's: 6 for a picture that lies on its side
 * @param ballast bytes of profiles and previews before the size
 */
export function jpeg(width: number, height: number, orientation = 1, ballast = 0): Buffer {
  const tiff = Buffer.from('49492a00080000000100120103000100000000000000000000000000', 'hex');
  tiff.writeUInt16LE(orientation, 18);
  const exif = segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]));
  const profiles = Array.from({ length: Math.ceil(ballast / 60_000) }, () =>
    segment(0xe2, Buffer.alloc(60_000)),
  );
  const frame = Buffer.from([8, 0, 0, 0, 0, 3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1]);
  frame.writeUInt16BE(height, 1);
  frame.writeUInt16BE(width, 3);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    exif,
    ...profiles,
    segment(0xc0, frame),
    Buffer.from([0xff, 0xd9]),
  ]);
}

function segment(marker: number, data: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
}

export function gif(width: number, height: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16LE(width, 0);
  size.writeUInt16LE(height, 2);
  return Buffer.concat([Buffer.from('GIF89a'), size, Buffer.from([0, 0, 0, 0x3b])]);
}

export const PDF = Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n', 'latin1');
export const HTML = Buffer.from('<!doctype html><html><script>alert(document.cookie)</script></html>');
export const SVG = Buffer.from(
  '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>',
);

/** The beginning of a WebM recording, as browsers make them of voices too. */
export const WEBM = Buffer.from(
  '1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104428581021853',
  'hex',
);

/** The beginning of an MP4. */
export const MP4 = Buffer.from('0000001c66747970697336d0000002006973366d6f6f766d70343120', 'hex');

/** A ZIP of one file, whose name tells office formats apart. */
export function zip(name: string): Buffer {
  const head = Buffer.from('504b03041400000000000000210000000000000000000000000000000000', 'hex');
  head.writeUInt16LE(name.length, 26);
  return Buffer.concat([head, Buffer.from(name)]);
}

/** How the samples of HEIF are to be shown: turned by so many quarters to the left, mirrored, cropped around the middle. */
export interface Shown {
  readonly quarters?: number;
  readonly isMirrored?: boolean;
  readonly crop?: readonly [width: number, height: number];
}

/** A HEIC as telephones write them, whose pixels are missing. */
export function heic(width: number, height: number, { quarters, isMirrored, crop }: Shown = {}): Buffer {
  const properties = [
    box('hvcC', Buffer.from('0101600000000000000000005af000fcfdf8f800000f00', 'hex')),
    box('ispe', words(0, width, height)),
    ...(crop ? [box('clap', words(crop[0], 1, crop[1], 1, 0, 1, 0, 1))] : []),
    ...(quarters === undefined ? [] : [box('irot', Buffer.from([quarters]))]),
    ...(isMirrored ? [box('imir', Buffer.from([0]))] : []),
  ];
  const used = properties.map((_, index) => (index === 1 ? 0 : 0x80) | (index + 1));
  const head = box('ftyp', Buffer.from('heic\0\0\0\0mif1heic'));
  const meta = (at: number) =>
    box(
      'meta',
      words(0),
      box('hdlr', words(0, 0), Buffer.from('pict'), Buffer.alloc(13)),
      box('pitm', words(0), Buffer.from([0, 1])),
      box(
        'iinf',
        words(0),
        Buffer.from([0, 1]),
        box('infe', Buffer.from('02000000000100006876633100', 'hex')),
      ),
      box('iloc', words(0), Buffer.from('44000001000100000001', 'hex'), words(at, 4)),
      box(
        'iprp',
        box('ipco', ...properties),
        box('ipma', words(0, 1), Buffer.from([0, 1, used.length, ...used])),
      ),
    );
  return Buffer.concat([head, meta(head.length + meta(0).length + 8), box('mdat', words(0))]);
}

function box(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([words(body.length + 8), Buffer.from(type, 'latin1'), body]);
}

/** Of 32 bits each. */
function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, index * 4);
  });
  return bytes;
}
