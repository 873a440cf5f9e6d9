import type { StoredFile } from '../core/model.ts';
import { THUMBNAIL_TYPE, type ThumbnailWidth } from '../core/thumbnails.ts';

/** What browsers show by themselves without running anything; all else is to be saved. */
const SHOWN = /^(image\/(png|apng|jpeg|gif|webp|avif|bmp)|audio\/.+|video\/.+)$/;

/** Nothing of a file runs; a picture or film opened by itself still shows. */
const POLICY =
  "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/** Headers of a file, whatever part of it is sent. */
export function fileHeaders({ type, name, sha256 }: StoredFile) {
  const shownType = type.startsWith('text/') ? `${type}; charset=utf-8` : type;
  return headersOf(shownType, name, sha256);
}

/** Headers of a picture's smaller form: they are known before it is made. */
export function thumbnailHeaders({ name, sha256 }: StoredFile, width: ThumbnailWidth) {
  const stem = name.replace(/(?<=[^.])\.[a-z0-9]{1,16}$/i, '');
  return headersOf(THUMBNAIL_TYPE, `${stem}.webp`, `${sha256}-${width}`);
}

/** Kept by browsers, and asked for anew each time: sight can be lost. */
function headersOf(type: string, name: string, tag: string) {
  return {
    'content-type': type,
    'content-disposition': disposition(SHOWN.test(type) ? 'inline' : 'attachment', name),
    'content-security-policy': POLICY,
    'cache-control': 'private, no-cache',
    'accept-ranges': 'bytes',
    etag: `"${tag}"`,
  };
}

/** RFC 6266, with the name for old clients in plain ASCII and for all others as RFC 8187 has it. */
function disposition(kind: 'inline' | 'attachment', name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
