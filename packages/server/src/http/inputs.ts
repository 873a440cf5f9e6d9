import { Type } from 'typebox';
import { ADDRESS_FORM, MAX_ADDRESS_LENGTH, SAFE_LINK_PATTERN } from '../core/addresses.ts';
import { MAX_PASSWORD_LENGTH } from '../core/limits.ts';
import { NAME_FORM, OPTIONAL_NAME_FORM, USERNAME_FORM } from '../core/name-forms.ts';
import { MAX_CONVERSATION_NAME_LENGTH, MAX_NICKNAME_LENGTH, MAX_USERNAME_LENGTH } from '../core/names.ts';
import { MAX_TIME, ZONED_TIME_PATTERN } from '../core/time.ts';
import { NEW_ID_PATTERN, NOT_BLANK_PATTERN } from '../core/validate.ts';
import { checkedByCore } from './documented.ts';

/** What clients give in more than one route, with the bounds that it has. */

interface Words {
  readonly description?: string;
  readonly examples?: unknown[];
}

/** The id of what is to be made. */
export const NewId = (example: string) =>
  Type.String({
    ...checkedByCore({ pattern: NEW_ID_PATTERN }),
    description: 'Made by the server where absent.',
    examples: [example],
  });

/** How a name is measured; a document can't say it. */
const MEASURED = 'Counted once it is in Unicode form NFKC and trimmed.';

export const ConversationName = (example: string) =>
  Type.String({
    ...checkedByCore({ minLength: 1, maxLength: MAX_CONVERSATION_NAME_LENGTH, pattern: NAME_FORM }),
    description: MEASURED,
    examples: [example],
  });

export const Username = Type.String({
  ...checkedByCore({ minLength: 1, maxLength: MAX_USERNAME_LENGTH, pattern: USERNAME_FORM }),
  description: MEASURED,
  examples: ['dave'],
});

export const Nickname = Type.String({
  ...checkedByCore({ maxLength: MAX_NICKNAME_LENGTH, pattern: OPTIONAL_NAME_FORM }),
  description: MEASURED,
  examples: ['Alice'],
});

export const Picture = Type.String({
  ...checkedByCore({ maxLength: MAX_ADDRESS_LENGTH, pattern: `^$|${ADDRESS_FORM}` }),
  description: 'Address of a picture, which may be an uploaded file. Empty for none.',
});

/** @param minLength as this server is set */
export const NewPassword = (minLength: number) =>
  Type.String({
    ...checkedByCore({ minLength, maxLength: MAX_PASSWORD_LENGTH }),
    description: 'Without one, the user comes only with tokens made elsewhere.',
    examples: ['a long secret'],
  });

/** A text that says something. */
export const NotBlank = (maxLength: number, words: Words) =>
  Type.String({ ...checkedByCore({ minLength: 1, maxLength, pattern: NOT_BLANK_PATTERN }), ...words });

/** What a client opens, or what else an application puts there. */
export const SafeLink = (maxLength: number, words: Words) =>
  Type.String({ ...checkedByCore({ minLength: 1, maxLength, pattern: SAFE_LINK_PATTERN }), ...words });

/** Either form of a time. */
export const TimeInput = (description: string) =>
  Type.Optional(
    Type.Unknown({
      ...checkedByCore({
        anyOf: [
          { type: 'string', pattern: ZONED_TIME_PATTERN },
          { type: 'integer', minimum: 0, maximum: MAX_TIME },
          { type: 'null' },
        ],
      }),
      description: `${description} A text in ISO 8601 with its zone, or milliseconds since 1970.`,
      examples: ['2030-01-20T23:59:59Z'],
    }),
  );

/** The `after` of a list whose ids no client makes. */
export const Cursor = (pattern: string) =>
  Type.String({ ...checkedByCore({ pattern }), description: '`next` of the page before.' });
