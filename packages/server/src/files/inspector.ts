import { fileTypeFromBuffer } from 'file-type';
import { imageSize } from 'image-size';
import type { FileClaim, FileInspector, FileNature, HeadNature } from '../core/ports/file-inspector.ts';
import { essence, isActive } from './media-types.ts';

/** The sizes of photographs stand behind their colour profiles and previews. */
const HEAD_BYTES = 262_144;

const ANY = 'application/octet-stream';
/** Texts that nothing runs, by the extensions that their files have. */
const TEXTS: ReadonlyMap<string, string> = new Map([
  ['txt', 'text/plain'],
  ['csv', 'text/csv'],
  ['md', 'text/markdown'],
  ['json', 'application/json'],
]);
/** Formats that are texts themselves, and whose first bytes stand at the beginning of no other text. */
const TEXT_FORMATS: ReadonlySet<string> = new Set([
  'application/pdf',
  'application/rtf',
  'application/postscript',
]);
/** Pictures whose size is read from their head. */
const PICTURES: ReadonlySet<string> = new Set([
  'image/png',
  'image/apng',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/bmp',
  'image/avif',
  'image/heic',
  'image/heif',
  'image/tiff',
]);

/** Goes by the bytes. What the client declared only tells one text from another. */
export const MAGIC_INSPECTOR: FileInspector = { headBytes: HEAD_BYTES, inspect };

async function inspect(head: Uint8Array, { type: declared = '', name }: FileClaim): Promise<HeadNature> {
  const found = await formatOf(head);
  if (!isText(head)) {
    if (!found || isActive(found.type))
      return { type: ANY, extension: found?.extension ?? extensionOf(name) };
    return { ...found, ...pictureOf(found.type, head) };
  }
  // A text may begin like anything, with BM or MZ for instance.
  if (found && TEXT_FORMATS.has(found.type)) return found;
  const extension = extensionOf(name);
  return { type: textType(essence(declared), extension), extension };
}

async function formatOf(head: Uint8Array): Promise<Pick<FileNature, 'type' | 'extension'> | undefined> {
  const found = await fileTypeFromBuffer(head);
  if (!found || (found.mime === 'image/bmp' && !isBitmap(head))) return undefined;
  return { type: essence(found.mime), extension: found.ext };
}

/** A client that runs pages has them under no name that would run; whoever declares no text may have named one. */
function textType(claim: string, extension: string): string {
  if ([...TEXTS.values()].includes(claim)) return claim;
  return isActive(claim) ? ANY : (TEXTS.get(extension) ?? ANY);
}

/** Whether these are characters, of whatever encoding: no control characters, but for UTF-16, which begins with a mark. */
function isText(head: Uint8Array): boolean {
  const isUtf16 = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  return isUtf16 || !head.some((byte) => byte < 0x20 && !TEXT_CONTROLS.has(byte));
}

/** Tab, line feed, vertical tab, form feed, carriage return, and the escape of ISO 2022 encodings. */
const TEXT_CONTROLS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1b]);

/** The letters BM alone are no bitmap: the size of the header that follows them is one of a few. */
function isBitmap(head: Uint8Array): boolean {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return head.byteLength >= 26 && BITMAP_HEADERS.has(view.getUint32(14, true));
}

const BITMAP_HEADERS: ReadonlySet<number> = new Set([12, 16, 40, 52, 56, 64, 108, 124]);

function extensionOf(name: string): string {
  return /[^.]\.([a-z0-9]{1,16})$/i.exec(name)?.[1]?.toLowerCase() ?? '';
}

/** What the head says of a picture: nothing is decoded, however large the picture claims to be. */
function pictureOf(type: string, head: Uint8Array): Omit<HeadNature, 'type' | 'extension'> {
  const [kind, subtype = ''] = type.split('/');
  if (kind !== 'image') return {};
  const format = subtype.toUpperCase();
  if (!PICTURES.has(type)) return { format };
  const size = sizeOf(head);
  return { format, ...size, ...(size && !mayBeTurned(type, head) ? {} : { isUnmeasured: true }) };
}

/** Whether the picture may have to be turned or cropped to be shown, where `sizeOf` does not see it. */
function mayBeTurned(type: string, head: Uint8Array): boolean {
  const mark = TURNED_BY[type];
  return mark !== undefined && Buffer.from(head.buffer, head.byteOffset, head.byteLength).includes(mark);
}

/** What every picture of a type begins with that may be turned. */
const TURNED_BY: Readonly<Record<string, string>> = {
  'image/avif': 'ftyp',
  'image/heic': 'ftyp',
  'image/heif': 'ftyp',
  'image/webp': 'VP8X',
  'image/png': 'eXIf',
  'image/apng': 'eXIf',
  'image/tiff': '',
};

function sizeOf(head: Uint8Array): { width: number; height: number } | undefined {
  try {
    const { width, height, orientation = 1 } = imageSize(head);
    if (!(width > 0 && height > 0)) return undefined;
    // Exif's orientations from 5 on lie on their side.
    return orientation >= 5 ? { width: height, height: width } : { width, height };
  } catch {
    return undefined; // The picture is damaged, or its size stands behind the head.
  }
}
