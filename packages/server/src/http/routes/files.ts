import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { FILES_PATH } from '../../core/content-files.ts';
import { DomainError } from '../../core/errors.ts';
import type { Files } from '../../core/files.ts';
import type { Principal, StoredFile } from '../../core/model.ts';
import type { ByteRange } from '../../core/ports/file-storage.ts';
import { THUMBNAIL_WIDTHS, type ThumbnailWidth } from '../../core/thumbnails.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import { bodyOf } from '../errors.ts';
import { fileHeaders, thumbnailHeaders } from '../file-headers.ts';
import { fileJson } from '../json.ts';
import { MAX_FORM_BYTES, readFileForm } from '../multipart.ts';
import { matchesTag, parseRange } from '../ranges.ts';
import { FileSchema } from '../schemas.ts';

const FIELD = 'file';

const Form = Type.Object({
  [FIELD]: Type.String({
    format: 'binary',
    minLength: 1,
    description: 'The one file, which is not empty. Other fields are passed over.',
  }),
});

const Bytes = (description: string) => ({
  description,
  content: { '*/*': { schema: Type.String({ format: 'binary' }) } },
});

const FileParams = Type.Object({ id: Type.String({ description: "The file's id." }) });

const FileQuery = Type.Object({
  token: Type.Optional(
    Type.String({ description: 'In place of the header, for what can send none, as pictures on a page.' }),
  ),
  w: Type.Optional(
    Type.Enum(THUMBNAIL_WIDTHS.map(String), {
      description:
        'Of a picture, a smaller form as WebP: so many pixels wide, at most four times as high, and never larger than the picture. It is shown upright.',
      examples: ['320'],
    }),
  ),
});

/** `POST /files`, whose body only the handler reads: as it comes, and no further than it is wanted. */
export function uploadRoute(api: Api, files: Files): void {
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('*', (_request, _body, done) => done(null));
  api.post(
    '/files',
    {
      schema: {
        tags: ['files'],
        ...WITH_TOKEN,
        summary: 'Upload a file',
        description:
          'Size up to `fileUploadLimit` of the settings. Only its uploader sees it until something holds it: send its `url` in a message, or make it the `avatar` of a user or group.',
        consumes: ['multipart/form-data'],
        body: Form,
        response: { 201: FileSchema, ...REFUSALS },
      },
      // The schema is for the document: the body is a stream still.
      validatorCompiler: () => (value) => ({ value }),
    },
    async ({ principal, raw, headers }, reply) => {
      const body = untorn(raw.iterator({ destroyOnReturn: false }));
      try {
        const form = await readFileForm(body, headers['content-type'], FIELD);
        const announced = Number(headers['content-length'] ?? 0) - MAX_FORM_BYTES;
        return reply.code(201).send(fileJson(await files.upload(principal, { ...form, announced })));
      } finally {
        // Lets go of the request, so that what is left of its body can be read by who answers.
        await body.return();
      }
    },
  );
}

/** `GET` and `HEAD` of a file. */
export function fileRoute(api: Api, files: Files): void {
  api.route({
    method: ['GET', 'HEAD'],
    url: `${FILES_PATH}/:id`,
    schema: {
      tags: ['files'],
      security: [...WITH_TOKEN.security, { tokenInQuery: [] }],
      summary: 'Download a file',
      description:
        'For its uploader, and for who may see a message, user or group that holds it. Takes `Range` (one range), `If-Range` and `If-None-Match`; of a smaller form (`w`), too.',
      params: FileParams,
      querystring: FileQuery,
      response: {
        200: Bytes('The file.'),
        206: Bytes('The range of it that was asked for.'),
        304: Type.Null({ description: 'The client has it already.' }),
        ...REFUSALS,
      },
    },
    handler: async (request, reply) => {
      const { principal, params, query } = request;
      const file = await files.find(principal, (params as { id: string }).id);
      const { w } = query as Static<typeof FileQuery>;
      const content =
        w === undefined ? whole(files, file) : smaller(files, file, principal, Number(w) as ThumbnailWidth);
      return send(content, request, reply);
    },
  });
}

/** What is sent of a file. */
interface Content {
  readonly headers: Readonly<Record<string, string>> & { readonly etag: string };
  /** Looks for the bytes, once nothing is left to be told without them. */
  open(): Promise<OpenContent> | OpenContent;
}

interface OpenContent {
  readonly size: number;
  read(range?: ByteRange): Promise<Readable> | Buffer;
}

function whole(files: Files, file: StoredFile): Content {
  return {
    headers: fileHeaders(file),
    open: () => ({ size: file.size, read: (range) => files.read(file, range) }),
  };
}

function smaller(files: Files, file: StoredFile, principal: Principal, width: ThumbnailWidth): Content {
  return {
    headers: thumbnailHeaders(file, width),
    async open() {
      const bytes = await files.thumbnail(principal, file, width);
      return {
        size: bytes.length,
        read: (range) => (range ? bytes.subarray(range.from, range.to + 1) : bytes),
      };
    },
  };
}

async function send({ headers, open }: Content, request: FastifyRequest, reply: FastifyReply) {
  const { method, headers: asked } = request;
  const { etag } = headers;
  if (matchesTag(asked['if-none-match'], etag)) return reply.code(304).headers(headers).send();
  const { size, read } = await open();
  const ifRange = asked['if-range'];
  const mayBePart = method === 'GET' && (ifRange === undefined || ifRange === etag);
  const range = mayBePart ? parseRange(asked.range, size) : undefined;
  if (range === 'unsatisfiable') return refuseRange(etag, size, reply);
  const bytes = method === 'HEAD' ? undefined : await read(range);
  const { from, to } = range ?? { from: 0, to: size - 1 };
  reply.headers({ ...headers, 'content-length': to - from + 1 });
  if (range) reply.code(206).header('content-range', `bytes ${from}-${to}/${size}`);
  return reply.send(bytes);
}

/** RFC 9110 section 15.5.17, in the form of every refusal. */
function refuseRange(etag: string, size: number, reply: FastifyReply) {
  const error = new DomainError('EINVAL', `the file has ${size} bytes, and none of the range`, {
    field: 'Range',
    limit: size,
  });
  return reply
    .code(416)
    .headers({ etag, 'content-range': `bytes */${size}` })
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(bodyOf(error)));
}

/** A client that goes away in the middle has sent a form that ends too early. */
async function* untorn(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* body;
  } catch (cause) {
    throw new DomainError('EINVAL', 'the upload was broken off', { field: FIELD, cause });
  }
}
