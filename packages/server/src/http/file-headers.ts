import type { StoredFile } from '../core/model.ts';

/** What browsers show by themselves without running anything; all else is to be saved. */
const SHOWN = /^(image\/(png|apng|jpeg|gif|webp|avif|bmp)|audio\/.+|video\/.+)$/;

/** Nothing of a file runs; a picture or film opened by itself still shows. */
const POLICY =
  "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'";

export function etagOf({ sha256 }: StoredFile): string {
  return `"${sha256}"`;
}

/** Headers of a file, whatever part of it is sent. Kept by browsers, and asked for anew each time: sight can be lost. */
export function fileHeaders(file: StoredFile): Record<string, string> {
  const { type, name } = file;
  return {
    'content-type': type.startsWith('text/') ? `${type}; charset=utf-8` : type,
    'content-disposition': disposition(SHOWN.test(type) ? 'inline' : 'attachment', name),
    'content-security-policy': POLICY,
    'cache-control': 'private, no-cache',
    'accept-ranges': 'bytes',
    etag: etagOf(file),
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
