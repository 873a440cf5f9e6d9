import { DomainError } from '../core/errors.ts';
import { formFileName } from './form-file-name.ts';
import { headerParameters } from './header-parameters.ts';

/** A file field of a form. */
export interface FormFile {
  /** As the client wrote it; empty where it gave none. */
  readonly name: string;
  readonly type: string | undefined;
  /** Throws where the form ends too early, or has anything after the file. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

const MAX_HEAD_BYTES = 16_384;
/** Of what may stand before and after the parts, and means nothing. */
const MAX_PADDING_BYTES = 4096;
/** Most that a form may have beside its file, in bytes. */
export const MAX_FORM_BYTES = 65_536;

const DASHES = Buffer.from('--');
const LINE = Buffer.from('\r\n');
const BLANK_LINE = Buffer.from('\r\n\r\n');
const EMPTY = Buffer.alloc(0);

/**
 * Reads the one file of a form (RFC 7578), in any slicing, as it comes: no more is read than the file's reader takes.
 * Other fields, before and after it, are passed over. EINVAL naming the field where the body is no such form.
 *
 * @param field the name of the file's field
 */
export async function readFileForm(
  body: AsyncIterator<Uint8Array>,
  contentType: string | undefined,
  field: string,
): Promise<FormFile> {
  const window = new Window(body);
  const boundary = boundaryOf(contentType);
  const others = new OtherFields(window, boundary, field);
  // The first boundary needs no line before it.
  window.prepend(LINE);
  await skipPadding(window, boundary, field);
  const part = await others.skipTo(field);
  if (!part) throw invalid(field, `${field} is missing`);
  return {
    name: formFileName(part.parameters),
    type: part.type,
    bytes: fileBytes(window, boundary, others, field),
  };
}

async function* fileBytes(
  window: Window,
  boundary: Buffer,
  others: OtherFields,
  field: string,
): AsyncGenerator<Uint8Array> {
  yield* window.upTo(boundary, field);
  if (await others.skipTo(field)) throw invalid(field, `the form has more than one ${field}`);
  await window.drain(MAX_PADDING_BYTES, field);
}

interface PartHead {
  readonly parameters: ReadonlyMap<string, string>;
  readonly type: string | undefined;
}

/** The fields beside the file, which nobody asked for: there may be as many as fit into `MAX_FORM_BYTES`. */
class OtherFields {
  readonly #window: Window;
  readonly #boundary: Buffer;
  readonly #field: string;
  #skipped = 0;

  constructor(window: Window, boundary: Buffer, field: string) {
    this.#window = window;
    this.#boundary = boundary;
    this.#field = field;
  }

  /** The head of the next part with this name; undefined at the end of the form. To be called behind a boundary. */
  async skipTo(name: string): Promise<PartHead | undefined> {
    while (!(await isLast(this.#window, this.#field))) {
      const head = await this.#window.until(BLANK_LINE, MAX_HEAD_BYTES, this.#field);
      const part = this.#read(head);
      if (part.parameters.get('name') === name) return part;
      this.#count(head.length);
      for await (const { length } of this.#window.upTo(this.#boundary, this.#field)) this.#count(length);
    }
    return undefined;
  }

  #read(head: Buffer): PartHead {
    const headers = parseHead(head);
    const disposition = headers.get('content-disposition') ?? '';
    const parameters = headerParameters(disposition);
    if (!parameters.has('name') || !/^form-data *(;|$)/i.test(disposition)) {
      throw invalid(this.#field, 'the form has a part that is no field');
    }
    return { parameters, type: headers.get('content-type') };
  }

  #count(bytes: number): void {
    this.#skipped += bytes;
    if (this.#skipped <= MAX_FORM_BYTES) return;
    const fault = `the form has over ${MAX_FORM_BYTES} bytes beside ${this.#field}`;
    throw new DomainError('ETOOLONG', fault, { field: this.#field, limit: MAX_FORM_BYTES });
  }
}

async function skipPadding(window: Window, boundary: Buffer, field: string): Promise<void> {
  let skipped = 0;
  for await (const { length } of window.upTo(boundary, field)) {
    skipped += length;
    if (skipped > MAX_PADDING_BYTES) throw invalid(field, 'the body does not begin with its boundary');
  }
}

/** What follows a boundary: the end of the form, or another part. Leaves the head of that part, after a line's end. */
async function isLast(window: Window, field: string): Promise<boolean> {
  if ((await window.peek(DASHES.length, field)).equals(DASHES)) return true;
  const padding = await window.until(LINE, MAX_PADDING_BYTES, field);
  if (padding.some((byte) => byte !== 0x20 && byte !== 0x09)) throw invalid(field, 'the boundary is cut');
  // A part without any header has its blank line at once.
  window.prepend(LINE);
  return false;
}

/** The bytes that have come and were not taken yet. */
class Window {
  readonly #body: AsyncIterator<Uint8Array>;
  #held: Buffer = EMPTY;

  constructor(body: AsyncIterator<Uint8Array>) {
    this.#body = body;
  }

  prepend(bytes: Buffer): void {
    this.#held = Buffer.concat([bytes, this.#held]);
  }

  /** The next bytes, which stay. */
  async peek(length: number, field: string): Promise<Buffer> {
    while (this.#held.length < length) await this.#require(field);
    return this.#held.subarray(0, length);
  }

  /** What comes before the mark; takes the mark too. */
  async until(mark: Buffer, limit: number, field: string): Promise<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(mark);
      if (at !== -1) return this.#take(at, mark.length);
      if (this.#held.length > limit) throw invalid(field, `the form has a head over ${limit} bytes`);
      await this.#require(field);
    }
  }

  /** The same in pieces, as they come. */
  async *upTo(mark: Buffer, field: string): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(mark);
      // The mark may have begun at the end.
      const safe = at === -1 ? this.#held.length - mark.length + 1 : at;
      const piece = safe > 0 ? this.#take(safe, at === -1 ? 0 : mark.length) : EMPTY;
      if (at === 0) this.#take(0, mark.length);
      if (piece.length > 0) yield piece;
      if (at !== -1) return;
      await this.#require(field);
    }
  }

  /** Takes all that is left. */
  async drain(limit: number, field: string): Promise<void> {
    let length = 0;
    do {
      length += this.#held.length;
      if (length > limit) throw invalid(field, 'the form goes on after its end');
      this.#held = EMPTY;
    } while (await this.#more());
  }

  #take(length: number, skip: number): Buffer {
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length + skip);
    return taken;
  }

  async #require(field: string): Promise<void> {
    if (!(await this.#more())) throw invalid(field, 'the form ends before its closing boundary');
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#body.next();
    if (done) return false;
    this.#held = this.#held.length === 0 ? Buffer.from(value) : Buffer.concat([this.#held, value]);
    return true;
  }
}

function boundaryOf(contentType = ''): Buffer {
  if (!/^multipart\/form-data *(;|$)/i.test(contentType)) {
    throw invalid('Content-Type', 'the body must be multipart/form-data');
  }
  const boundary = headerParameters(contentType).get('boundary');
  // RFC 2046 section 5.1.1
  if (boundary !== undefined && /^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/.test(boundary)) {
    return Buffer.from(`\r\n--${boundary}`);
  }
  throw invalid('Content-Type', 'the Content-Type must have a boundary');
}

function parseHead(head: Buffer): ReadonlyMap<string, string> {
  const lines = head.toString('utf8').split('\r\n');
  return new Map(
    lines.flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 1 ? [] : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]];
    }),
  );
}

function invalid(field: string, fault: string): DomainError {
  return new DomainError('EINVAL', fault, { field });
}
