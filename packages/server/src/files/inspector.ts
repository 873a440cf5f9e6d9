import { fileTypeFromBuffer, supportedMimeTypes } from 'file-type';
import { imageSize } from 'image-size';
import { DomainError } from '../core/errors.ts';
import type { FileClaim, FileInspector, FileNature } from '../core/ports/file-inspector.ts';
import { essence, familyOf, isActive } from './media-types.ts';

/** The sizes of photographs stand behind their colour profiles and previews. */
const HEAD_BYTES = 262_144;

const ANY = 'application/octet-stream';
/** What clients declare who do not know. */
const NO_CLAIM: ReadonlySet<string> = new Set(['', ANY, 'binary/octet-stream', 'application/unknown']);
/** Texts that nothing runs. */
const TEXTS: ReadonlySet<string> = new Set(['text/plain', 'text/csv', 'text/markdown', 'application/json']);
/** What has no magic bytes of its own, or whose magic bytes are those of a text. */
const SNIFFED_TEXT = /^text\/|\bxml$/;
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

/** Goes by the magic bytes; a declared type counts only where a file of that type has none. */
export const MAGIC_INSPECTOR: FileInspector = { headBytes: HEAD_BYTES, inspect };

async function inspect(head: Uint8Array, { type: declared = '', name }: FileClaim): Promise<FileNature> {
  const claim = essence(declared);
  // A text may begin like anything, with BM or MZ for instance.
  const found = isTextual(claim) && isUtf8Text(head) ? undefined : await fileTypeFromBuffer(head);
  if (found && !SNIFFED_TEXT.test(found.mime)) {
    const type = essence(found.mime);
    if (!NO_CLAIM.has(claim) && familyOf(claim) !== familyOf(type)) throw lie(claim, type);
    return { type: isActive(type) ? ANY : type, extension: found.ext, ...pictureOf(type, head) };
  }
  if (needsMagic(claim)) throw lie(claim, undefined);
  if (isTextual(claim) && isBinary(head)) throw lie(claim, undefined);
  return { type: TEXTS.has(claim) ? claim : ANY, extension: extensionOf(name) };
}

function lie(claim: string, type: string | undefined): DomainError {
  const truth = type === undefined ? 'is not' : `is ${type}, not`;
  return new DomainError('EINVAL', `file ${truth} ${claim} as it is declared`, { field: 'file' });
}

function isTextual(claim: string): boolean {
  return claim.startsWith('text/') || TEXTS.has(claim);
}

/** Whether a file of this type would have been recognised. */
function needsMagic(claim: string): boolean {
  if (isActive(claim) || isTextual(claim)) return false;
  return /^(image|audio|video)\//.test(claim) || FAMILIES.has(familyOf(claim));
}

const FAMILIES: ReadonlySet<string> = new Set(
  [...supportedMimeTypes].filter((type) => !SNIFFED_TEXT.test(type)).map(familyOf),
);

function isUtf8Text(head: Uint8Array): boolean {
  try {
    // As a stream: the head may end inside a character.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return !/[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text);
  } catch {
    return false;
  }
}

/** A NUL is in no text but in UTF-16, which begins with a mark then. */
function isBinary(head: Uint8Array): boolean {
  const isUtf16 = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  return !isUtf16 && head.includes(0);
}

function extensionOf(name: string): string {
  return /[^.]\.([a-z0-9]{1,16})$/i.exec(name)?.[1]?.toLowerCase() ?? '';
}

/** What the head says of a picture: nothing is decoded, however large the picture claims to be. */
function pictureOf(type: string, head: Uint8Array): Pick<FileNature, 'format' | 'width' | 'height'> {
  const [kind, subtype = ''] = type.split('/');
  if (kind !== 'image') return {};
  const format = subtype.toUpperCase();
  const size = PICTURES.has(type) ? sizeOf(head) : undefined;
  return size ? { format, ...size } : { format };
}

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
