import {
  BUSINESS_EVENT_SCHEMAS,
  type KnownEventType,
  OTHER_EVENT_SCHEMA,
  TIME_FIELDS,
} from './business-event-schemas.ts';
import { isDeeper, MAX_EXTRA_DEPTH } from './content.ts';
import { DomainError } from './errors.ts';
import { lenientReader, type ValueReader } from './json.ts';
import type { JsonValue } from './model.ts';
import { isGivenTime } from './time.ts';

/** Largest event, in bytes of its JSON: below what NATS takes as one message by default. */
export const MAX_EVENT_BYTES = 262_144;

/** A fact that systems tell each other, as section 7.3 of the `im` document has it. */
export interface BusinessEvent {
  readonly eventId: string;
  readonly eventType: string;
  readonly [field: string]: JsonValue;
}

/** Which kind of thing an event is about; decides where clients get it. */
export type EventCategory = 'user' | 'conversation' | 'message' | 'system';

const CATEGORIES: readonly (readonly [prefix: string, EventCategory])[] = [
  ['business.user.', 'user'],
  ['business.conversation.', 'conversation'],
  ['business.group.', 'conversation'],
  ['communication.', 'message'],
  ['business.', 'system'],
];

/** By the prefix of its type; undefined for what is no business event. */
export function categoryOf(eventType: string): EventCategory | undefined {
  return CATEGORIES.find(([prefix]) => eventType.startsWith(prefix))?.[1];
}

type Given = { readonly eventType: string; readonly eventId?: string; readonly [field: string]: JsonValue };

const READERS = new Map(
  Object.entries(BUSINESS_EVENT_SCHEMAS).map(([type, schema]) => [
    type as KnownEventType | string,
    lenientReader(schema) as unknown as ValueReader<Given>,
  ]),
);
const READ_OTHER = lenientReader(OTHER_EVENT_SCHEMA) as unknown as ValueReader<Given>;
const WORD = '[0-9A-Za-z_-]+';
/** The words of a NATS subject, so that what came one way can leave another; as the source of a regular expression. */
export const EVENT_TYPE_PATTERN = `^(?:business|communication)(?:\\.${WORD})+$`;
const EVENT_TYPE = new RegExp(EVENT_TYPE_PATTERN);
/** What a webhook may ask for: a type, a prefix of types that ends in `.*`, or `*` for all. */
export const WANTED_PATTERN = `^(?:\\*|(?:business|communication)(?:\\.${WORD})*(?:\\.\\*|\\.${WORD}))$`;

/**
 * The event that plain data means, with its fields as they are. EINVAL naming the field; ETOOLONG.
 *
 * @param makeId gives the id of one that has none
 */
export function toBusinessEvent(data: unknown, makeId: () => string): BusinessEvent {
  const { eventType } = READ_OTHER(data);
  if (!EVENT_TYPE.test(eventType)) {
    const form = 'business.… or communication.…, of letters, digits, _ and -';
    throw new DomainError('EINVAL', `eventType must be ${form}`, { field: 'eventType' });
  }
  const read = READERS.get(eventType);
  const given = read ? requireTimes(read(data)) : (data as Given);
  requireSound(given);
  return { ...given, eventId: given.eventId ?? makeId() };
}

/** The schema let texts and integers pass. EINVAL naming the field. */
function requireTimes(event: Given): Given {
  const { properties } = BUSINESS_EVENT_SCHEMAS[event.eventType as KnownEventType];
  for (const field of TIME_FIELDS) {
    const value = event[field];
    if (!(field in properties) || value === undefined || isGivenTime(value as string | number)) continue;
    throw new DomainError('EINVAL', `${field} must be a time in ISO 8601, or milliseconds since 1970`, {
      field,
    });
  }
  return event;
}

function requireSound(event: Given): void {
  if (isDeeper({ ...event }, MAX_EXTRA_DEPTH)) {
    throw new DomainError('EINVAL', `the event is nested deeper than ${MAX_EXTRA_DEPTH} levels`, {
      field: 'body',
      limit: MAX_EXTRA_DEPTH,
    });
  }
  const json = JSON.stringify(event);
  if (HALF_SURROGATE.test(json)) {
    throw new DomainError('EINVAL', 'the event is not valid Unicode', { field: 'body' });
  }
  if (Buffer.byteLength(json) <= MAX_EVENT_BYTES) return;
  throw new DomainError('ETOOLONG', `the event has more than ${MAX_EVENT_BYTES} bytes`, {
    field: 'body',
    limit: MAX_EVENT_BYTES,
  });
}

/** How well-formed JSON writes half a surrogate pair (ECMA-262, QuoteJSONString). */
const HALF_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;
