import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ImMessageType as T } from '@haina/wire';
import type { TSchema } from 'typebox';
import {
  ADMIN_EXAMPLES,
  CHAT_EXAMPLES,
  EVENT_EXAMPLES,
  NOTIFICATION_EXAMPLES,
} from '../../../../wire/src/im-examples-fixture.ts';
import { checkerOf, valueReader } from '../../core/json.ts';
import { CHAT_FORMS } from './chat-content.ts';
import {
  CONFIG_CHANGE_FORM,
  DOCUMENTS,
  GROUP_UPDATE_FORM,
  NOTIFICATION_FORM,
  PERMISSION_CHANGE_FORM,
} from './documents.ts';

const FORMS: [name: string, form: TSchema, examples: readonly object[]][] = [
  ['text', CHAT_FORMS[T.CHAT_TEXT], [CHAT_EXAMPLES.text]],
  ['image', CHAT_FORMS[T.CHAT_IMAGE], [CHAT_EXAMPLES.image]],
  ['file', CHAT_FORMS[T.CHAT_FILE], [CHAT_EXAMPLES.file]],
  ['quote', CHAT_FORMS[T.CHAT_QUOTE], [CHAT_EXAMPLES.quote]],
  ['forward', CHAT_FORMS[T.CHAT_FORWARD], [CHAT_EXAMPLES.forward]],
  ['notification', NOTIFICATION_FORM, Object.values(NOTIFICATION_EXAMPLES)],
  ['configuration', CONFIG_CHANGE_FORM, [ADMIN_EXAMPLES.config]],
  ['group', GROUP_UPDATE_FORM, [ADMIN_EXAMPLES.group]],
  ['permission', PERMISSION_CHANGE_FORM, [ADMIN_EXAMPLES.permission]],
  ['login', documentForm(T.EVENT_USER_STATUS_CHANGE, 'BusinessUserLogin'), [EVENT_EXAMPLES.login]],
  [
    'recall',
    documentForm(T.EVENT_MESSAGE_STATUS_CHANGE, 'CommunicationMessageRecalled'),
    [EVENT_EXAMPLES.recalled],
  ],
  ['new group', documentForm(T.EVENT_GROUP_UPDATE, 'BusinessGroupCreated'), [EVENT_EXAMPLES.groupCreated]],
];

function documentForm(type: T, name: string): TSchema {
  const form = DOCUMENTS[type][name];
  assert.ok(form, name);
  return form;
}

describe('the examples of sections 4.2, 5.2, 6.2 and 7.3 have the forms, with further fields too', () => {
  for (const [name, form, examples] of FORMS) {
    test(name, () => {
      const fits = checkerOf(form);
      for (const example of examples) {
        assert.ok(fits(example));
        assert.ok(fits({ ...example, later: { more: [1] } }));
      }
    });
  }
});

describe('each field of the examples is part of its form: with another kind of value it is refused by its name', () => {
  for (const [name, form, examples] of FORMS) {
    for (const [n, example] of examples.entries()) {
      for (const field of Object.keys(example)) {
        test(`${name} ${n}: ${field}`, () => {
          const wrong = { ...example, [field]: Symbol('of no kind') };
          assert.throws(
            () => valueReader(form)(wrong),
            (error: { code: string; field: string }) => {
              assert.equal(error.code, 'EINVAL');
              return error.field === field;
            },
          );
        });
      }
    }
  }
});

test('every type has the forms of its documents', () => {
  for (const [name, type] of Object.entries(T)) assert.ok(Object.keys(DOCUMENTS[type]).length > 0, name);
});
