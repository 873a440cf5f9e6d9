import { Type } from 'typebox';
import { ADDED_TYPE } from '../core/content.ts';
import { ERROR_CODES, type ErrorCode } from '../core/errors.ts';
import { parseJsonText, valueReader } from '../core/json.ts';
import { ADDED_DESTINATION, QUESTIONS } from './definition.ts';
import { LISTENED_EVENTS } from './event-names.ts';
import type { FromPlugin } from './protocol.ts';

const text = Type.String();
const id = Type.Integer({ minimum: 1 });
const names = Type.Array(text);
const destination = Type.String({ pattern: ADDED_DESTINATION.source });

const verdict = Type.Union([
  Type.Object({ answer: Type.Literal('pass') }),
  Type.Object({ answer: Type.Literal('change'), change: Type.Object({}) }),
  Type.Object({
    answer: Type.Literal('refuse'),
    code: Type.Enum(Object.keys(ERROR_CODES) as ErrorCode[]),
    message: text,
    field: Type.Optional(text),
  }),
]);

const manifest = Type.Object({
  only: Type.Object({
    dialects: Type.Optional(names),
    tenants: Type.Optional(names),
    destinations: Type.Optional(names),
  }),
  intercept: Type.Array(Type.Enum([...QUESTIONS])),
  listen: Type.Array(Type.Enum([...LISTENED_EVENTS])),
  messageTypes: Type.Array(Type.String({ pattern: ADDED_TYPE.source })),
  destinations: Type.Array(Type.Object({ name: destination, queue: destination })),
  queues: Type.Array(destination),
});

const read = valueReader(
  Type.Union([
    Type.Object({
      done: Type.Array(Type.Union([Type.Object({ id, verdict }), Type.Object({ id, failure: text })])),
      begun: Type.Integer({ minimum: 0 }),
    }),
    Type.Object({ reply: Type.Unknown(), id }),
    Type.Object({
      hostCall: Type.Object({ id, method: Type.Enum(['send', 'publish']), args: Type.Array(Type.Unknown()) }),
    }),
    Type.Object({ fault: text, hook: text }),
    Type.Object({ dying: text }),
    Type.Object({ ready: manifest }),
    Type.Object({ unfit: text }),
  ]),
);

/** What the process of a plug-in wrote. Throws for what has no form of the protocol, which nothing but a mistake can be. */
export function readFromPlugin(json: string): FromPlugin {
  try {
    return read(parseJsonText(json)) as FromPlugin;
  } catch (cause) {
    throw new Error('it wrote what is no message of a plug-in', { cause });
  }
}
