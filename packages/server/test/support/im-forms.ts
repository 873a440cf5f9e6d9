import assert from 'node:assert/strict';
import { type ImMessage, ImMessageType } from '@haina/wire';
import type { TSchema } from 'typebox';
import { checkerOf } from '../../src/dialects/common/json.ts';
import { DOCUMENTS } from '../../src/dialects/im/documents.ts';
import { envelopeForm } from '../../src/dialects/im/envelope-form.ts';
import { documentOf } from './im-client.ts';

const CHECKERS = new Map(
  Object.values(ImMessageType).map((type) => [
    type as number,
    { envelope: checkerOf(envelopeForm(type)), documents: formsOf(type).map(checkerOf) },
  ]),
);

/** But that of events which are none of the document's: nearly anything has it. */
function formsOf(type: ImMessageType): TSchema[] {
  const forms = Object.entries(DOCUMENTS[type]).filter(([name]) => name !== 'OtherEvent');
  return forms.map(([, form]) => form);
}

/** Asserts that what the server told has the published form of its type: envelope and document. */
export function assertFits(message: ImMessage): void {
  const checkers = CHECKERS.get(message.type);
  assert.ok(checkers, `type ${message.type} is none`);
  assert.ok(checkers.envelope(message), `an envelope that is none: ${JSON.stringify(message)}`);
  const document = documentOf(message);
  const fits = checkers.documents.some((check) => check(document));
  assert.ok(fits, `a document that has no form of type ${message.type}: ${JSON.stringify(document)}`);
}
