/** Types that mean the same, by the names that clients and detectors give them. */
const SAME: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'image/pjpeg': 'image/jpeg',
  'image/apng': 'image/png',
  'image/x-png': 'image/png',
  'image/x-ms-bmp': 'image/bmp',
  'image/vnd.microsoft.icon': 'image/x-icon',
  'audio/mp3': 'audio/mpeg',
  'audio/x-mp3': 'audio/mpeg',
  'audio/x-wav': 'audio/wav',
  'audio/wave': 'audio/wav',
  'audio/vnd.wave': 'audio/wav',
  'audio/x-flac': 'audio/flac',
  'audio/x-aac': 'audio/aac',
  'audio/aacp': 'audio/aac',
  'application/x-pdf': 'application/pdf',
  'application/x-gzip': 'application/gzip',
  'application/x-rar-compressed': 'application/x-rar',
  'application/vnd.rar': 'application/x-rar',
  'application/x-rtf': 'application/rtf',
  'text/rtf': 'application/rtf',
};

/** Containers that hold many kinds of files, which their first bytes do not always tell apart. */
const CONTAINERS: readonly (readonly [name: string, types: RegExp])[] = [
  ['ogg', /^(audio|video|application)\/(x-)?(ogg|opus|vorbis|speex|theora)\b/],
  ['iso-media', /^(audio|video)\/(x-)?(mp4|m4a|m4v|m4b|3gpp2?|quicktime|aac-?adts|mp4a-latm)$/],
  ['heif', /^image\/(heic|heif|avif)(-sequence)?$/],
  ['matroska', /^(audio|video)\/(x-)?(webm|matroska)$/],
  ['asf', /^(application\/vnd\.ms-asf|(audio|video)\/x-(ms-)?(asf|wma|wmv))$/],
  ['mpeg-audio', /^audio\/(mpeg|aac|mp1|mp2)$/],
  ['mpeg-video', /^video\/(mpeg|mp1s|mp2p|mp2t|x-mpeg)$/],
  [
    'zip',
    /^application\/((x-)?zip(-compressed)?|java-archive|epub\+zip|x-xpinstall|vnd\.(openxmlformats|oasis|android|ms-[a-z]+\.(sheet|document|presentation|template|slideshow|addin|visio)|visio|apple)\b.*)$|^model\/3mf$/,
  ],
  ['ole', /^application\/(x-cfb|msword|x-msi|vnd\.(ms-|visio)[^.]*|x-ole-storage)$/],
  [
    'windows',
    /^application\/(x-ms-?dos-executable|x-msdownload|vnd\.microsoft\.portable-executable|x-dosexec)$/,
  ],
];

/** What browsers run or lay out as a page: never kept under its own name. */
const ACTIVE = /\/(x-)?(html|xhtml|xml|javascript|ecmascript|jscript|livescript)\b|\+xml$|^image\/svg/;

/** The type alone, in lower case. */
export function essence(type: string): string {
  return (type.split(';')[0] ?? '').trim().toLowerCase();
}

/** What both of two types must have in common for one to be taken for the other. */
export function familyOf(type: string): string {
  const known = SAME[type] ?? type;
  return CONTAINERS.find(([, types]) => types.test(known))?.[0] ?? known;
}

export function isActive(type: string): boolean {
  return ACTIVE.test(type);
}
