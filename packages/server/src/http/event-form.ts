import type { TSchema } from 'typebox';
import { EVENT_TYPE_PATTERN } from '../core/business-event.ts';
import { BUSINESS_EVENT_SCHEMAS, OTHER_EVENT_SCHEMA, TIME_FIELDS } from '../core/business-event-schemas.ts';
import { MAX_EVENT_WORD_LENGTH } from '../core/limits.ts';
import { GIVEN_TIME_PATTERN, MAX_TIME } from '../core/time.ts';

/** A schema of the core's as far as it is read here. */
interface Form {
  readonly type?: string | readonly string[];
  readonly pattern?: string;
  readonly items?: Form;
}

interface ObjectForm {
  readonly properties: Readonly<Record<string, Form>>;
  readonly required?: readonly string[];
}

const KNOWN_TYPES = Object.keys(BUSINESS_EVENT_SCHEMAS);

const NAME = 'BusinessEvent';
export const BUSINESS_EVENT_REF = { $ref: `#/components/schemas/${NAME}` };

const TIMES: ReadonlySet<string> = new Set(TIME_FIELDS);
const TIME = {
  anyOf: [
    { type: 'string', pattern: GIVEN_TIME_PATTERN },
    { type: 'integer', minimum: 0, maximum: MAX_TIME },
  ],
};

/** What `lenient` makes a text of, beside texts. */
const WRITTEN_AS_TEXT = [
  { type: 'boolean' },
  { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
];
/** Texts that it makes a whole number of that is not negative. */
const WRITTEN_AS_COUNT = { type: 'string', pattern: '^\\s*(?:[0-9]{1,16}|-0{1,16})(?:\\.0{1,16})?\\s*$' };

/** The forms of business events for the document, with what the core reads leniently. It is the core that checks them. */
const BusinessEvent = {
  description: 'What a system says, by its type. Further fields pass through.',
  anyOf: [
    ...Object.entries(BUSINESS_EVENT_SCHEMAS).map(([type, schema]) => eventForm(schema, { const: type })),
    eventForm(OTHER_EVENT_SCHEMA, { not: { enum: KNOWN_TYPES } }),
  ],
};

/** What only the document has, by its name. */
export const DOCUMENT_SCHEMAS: Readonly<Record<string, object>> = { [NAME]: BusinessEvent };

/** What every event may have is checked of those of a known type, too. */
function eventForm(schema: TSchema, eventType: object): object {
  const { properties, required = [] } = schema as unknown as ObjectForm;
  const fields = { ...(OTHER_EVENT_SCHEMA as unknown as ObjectForm).properties, ...properties };
  const forms = Object.entries(fields).map(([name, field]) => {
    const form = TIMES.has(name) && field.type !== 'string' ? TIME : lenientForm(field);
    return [name, required.includes(name) ? form : orNull(form)];
  });
  return {
    type: 'object',
    required,
    properties: {
      ...Object.fromEntries(forms),
      eventType: {
        type: 'string',
        maxLength: MAX_EVENT_WORD_LENGTH,
        pattern: EVENT_TYPE_PATTERN,
        ...eventType,
      },
    },
  };
}

function lenientForm(form: Form): object {
  if (form.items) return { ...form, items: lenientForm(form.items) };
  if (form.type === 'integer') return { anyOf: [form, WRITTEN_AS_COUNT] };
  if (form.type !== 'string' || form.pattern !== undefined) return form;
  return { anyOf: [form, ...WRITTEN_AS_TEXT] };
}

function orNull(form: object): object {
  const { anyOf = [form] } = form as { readonly anyOf?: readonly object[] };
  return { anyOf: [...anyOf, { type: 'null' }] };
}
