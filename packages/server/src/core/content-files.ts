import { documentIn } from './content.ts';
import type { Content, JsonValue } from './model.ts';
import type { FileMention } from './ports/file-store.ts';

/** Where files are on every server. */
export const FILES_PATH = '/files';

/** An address of a file: on the server that it is read from, or on one that is named. */
const FILE_URL = new RegExp(`^([Hh][Tt]{2}[Pp][Ss]?://[^/?#\\s]+)?${FILES_PATH}/([^/?#\\s]+)(?:[?#]\\S*)?$`);

/**
 * The files that a content points at, by whatever key, each once. A text for people holds no file, whatever it says;
 * what stands in the place of a text (an address of a picture, JSON) may.
 *
 * @param isForward whether what is beside the text is the original's, and this one is not stored
 */
export function filesNamedIn(content: Content, isForward = false): readonly FileMention[] {
  const { type, text, extra, fields } = content;
  if (type === 'text' && extra === null && fields === undefined) return NONE;
  const found = new Map<string, FileMention>();
  if (type !== 'text') collect(documentIn(text), 'text', found);
  if (!isForward) collect(extra, 'extra', found);
  if (fields !== undefined) collect(fields as JsonValue, 'fields', found);
  return found.size === 0 ? NONE : [...found.values()];
}

const NONE: readonly FileMention[] = [];

/** The file that an address points at. */
export function fileNamedBy(address: string, field: string): FileMention | undefined {
  const [, host, id] = FILE_URL.exec(address) ?? [];
  return id === undefined ? undefined : { id, field, isOurs: host === undefined };
}

function collect(value: JsonValue, field: string, found: Map<string, FileMention>): void {
  if (typeof value === 'string') {
    const mention = fileNamedBy(value, field);
    if (mention && !(found.get(mention.id)?.isOurs ?? false)) found.set(mention.id, mention);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) collect(inner, `${field}.${key}`, found);
  }
}
