import { Type } from 'typebox';
import { isDeeper, MAX_EXTRA_DEPTH } from '../core/content.ts';
import { type ValueReader, valueReader } from '../core/json.ts';
import { CONTENT_TYPES, type Content, type JsonValue, ROLES } from '../core/model.ts';

/** Nothing but what may be changed. */
const closed = { additionalProperties: false };
const optionalText = Type.Optional(Type.String());
const role = Type.Enum([...ROLES]);
const content = Type.Object(
  {
    type: Type.Optional(Type.Enum([...CONTENT_TYPES])),
    text: optionalText,
    extra: Type.Optional(Type.Unknown()),
    fields: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  closed,
);
const messageChange = Type.Object({ content }, closed);

/** What a change may say, by the name of what was asked; what has no form here can't be changed. */
const READERS: ReadonlyMap<string, ValueReader<object>> = new Map(
  Object.entries({
    connect: Type.Object({ name: optionalText, role: Type.Optional(role) }, closed),
    subscribe: Type.Object({ destination: Type.String({ minLength: 1 }) }, closed),
    'message.send': messageChange,
    'message.edit': Type.Object({ text: optionalText, reason: optionalText }, closed),
    'message.recall': Type.Object({ reason: Type.String() }, closed),
    'message.created': messageChange,
    'message.edited': messageChange,
  }).map(([name, form]) => [name, valueReader(form, 'change')]),
);

/** The change as it may be made. Throws, naming the field, for what can't be changed or does not fit. */
export function readChange(question: string, change: unknown): object {
  const read = READERS.get(question);
  if (!read) throw new Error(`${question} can't be changed`);
  return read(change);
}

/** A content with some of it in place of what it had. Throws for what can be neither stored nor told. */
export function changedContent(given: Content, change: Partial<Content>): Content {
  const { type, text, extra, fields } = { ...given, ...change };
  if (!text.isWellFormed()) throw new Error('the text is not valid Unicode');
  for (const json of [extra, fields ?? null]) {
    if (isDeeper(json as JsonValue, MAX_EXTRA_DEPTH)) throw new Error('the content is nested too deep');
  }
  return { type, text, extra, ...(fields === undefined ? {} : { fields }) };
}

/** Reads a message that a plug-in sends; EINVAL naming the field. */
export const readOutgoing = valueReader(
  Type.Object({
    target: Type.Union([
      Type.Object({ kind: Type.Literal('user'), userId: Type.String() }),
      Type.Object({ kind: Type.Literal('conversation'), conversationId: Type.String() }),
    ]),
    content,
    clientId: optionalText,
  }),
  'message',
);

/** Reads the user whom a plug-in sends it as; EINVAL naming the field. */
export const readSender = valueReader(
  Type.Object({
    tenant: Type.String({ minLength: 1 }),
    userId: Type.String({ minLength: 1 }),
    role,
    name: Type.String(),
  }),
  'user',
);
