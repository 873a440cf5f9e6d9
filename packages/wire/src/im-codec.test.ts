import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { type ImMessage, ImMessageType } from './im.ts';
import { decodeImJson, decodeImProtobuf, encodeImJson, encodeImProtobuf } from './im-codec.ts';
import {
  ADMIN_EXAMPLES,
  CHAT_EXAMPLES,
  EVENT_EXAMPLES,
  NOTIFICATION_EXAMPLES,
} from './im-examples-fixture.ts';
import { fullMessage } from './im-messages-fixture.ts';

const bytes = (write: (writer: BinaryWriter) => BinaryWriter): Uint8Array =>
  write(new BinaryWriter()).finish();
const chat = (writer: BinaryWriter): BinaryWriter => writer.tag(20, 2).fork().tag(1, 2).string('x').join();
const refusedWith = (code: string, field: string) => ({ name: 'ImCodecError', code, field });

describe('the JSON form', () => {
  test('has every envelope field and one arm, in the order of the document', () => {
    const { chat, ...rest } = JSON.parse(encodeImJson(fullMessage(ImMessageType.CHAT_TEXT)));
    assert.deepEqual(Object.keys(rest), [
      'messageId',
      'type',
      'status',
      'senderId',
      'receiverId',
      'conversationId',
      'clientMessageId',
      'version',
      'deviceId',
      'source',
      'timestamp',
      'sequence',
    ]);
    assert.deepEqual(chat, { content: '{"content":"hi"}', conversationType: 'group' });
  });

  test('keeps fields that say nothing', () => {
    const empty = JSON.parse(encodeImJson(decodeImJson('{"type":30,"system":{}}')));
    assert.deepEqual(empty, {
      messageId: '',
      type: 30,
      status: 0,
      senderId: '',
      receiverId: '',
      conversationId: '',
      clientMessageId: '',
      version: '',
      deviceId: '',
      source: '',
      timestamp: 0,
      sequence: 0,
      system: { content: '', code: '' },
    });
  });

  test('passes over unknown fields, and takes null for nothing said', () => {
    const json = '{"type":0,"senderId":null,"event":null,"chat":{"content":"x","mood":1},"later":{"a":[1]}}';
    assert.deepEqual(decodeImJson(json), decodeImJson('{"chat":{"content":"x"}}'));
  });

  const refused: [json: string, code: string, field: string][] = [
    ['{', 'malformed', 'body'],
    ['\ud800', 'malformed', 'body'],
    ['[]', 'form', 'body'],
    ['null', 'form', 'body'],
    ['{"type":7,"chat":{}}', 'enum', 'type'],
    ['{"type":"0","chat":{}}', 'form', 'type'],
    ['{"status":9,"chat":{}}', 'enum', 'status'],
    ['{"status":-1,"chat":{}}', 'enum', 'status'],
    ['{"senderId":5,"chat":{}}', 'form', 'senderId'],
    ['{"senderId":"\\ud800","chat":{}}', 'unicode', 'senderId'],
    ['{"timestamp":9007199254740992,"chat":{}}', 'range', 'timestamp'],
    ['{"timestamp":1.5,"chat":{}}', 'form', 'timestamp'],
    ['{"sequence":"1","chat":{}}', 'form', 'sequence'],
    ['{"type":0}', 'arm', 'chat'],
    ['{"type":40,"chat":{}}', 'arm', 'chat'],
    ['{"type":0,"chat":{},"event":{}}', 'arm', 'event'],
    ['{"type":0,"chat":"x"}', 'form', 'chat'],
    ['{"type":0,"chat":{"content":{}}}', 'form', 'chat.content'],
    ['{"type":20,"notification":{"expiresAt":1e300}}', 'range', 'notification.expiresAt'],
  ];
  for (const [json, code, field] of refused) {
    test(`${json} is refused: ${code} at ${field}`, () => {
      assert.throws(() => decodeImJson(json), refusedWith(code, field));
    });
  }
});

describe('the protobuf form', () => {
  test('passes over unknown fields', () => {
    const extended = bytes((writer) => chat(writer.tag(99, 2).string('later').tag(100, 0).uint32(1)));
    assert.deepEqual(decodeImProtobuf(extended), decodeImJson('{"chat":{"content":"x"}}'));
  });

  const refused: [name: string, body: Uint8Array, code: string, field: string][] = [
    ['nothing', new Uint8Array(), 'arm', 'chat'],
    ['text', new TextEncoder().encode('{"messageId":"m"}'), 'malformed', 'body'],
    ['bad UTF-8', bytes((w) => w.tag(4, 2).bytes(Uint8Array.of(0xff))), 'malformed', 'body'],
    ['an unknown type', bytes((w) => chat(w.tag(2, 0).int32(7))), 'enum', 'type'],
    ['an unknown status', bytes((w) => chat(w.tag(3, 0).int32(9))), 'enum', 'status'],
    ['an event with chat', bytes((w) => chat(w.tag(2, 0).int32(40))), 'arm', 'chat'],
    ['a time beyond 2^53', bytes((w) => chat(w.tag(11, 0).int64(2n ** 53n))), 'range', 'timestamp'],
    ['a sequence below -2^53', bytes((w) => chat(w.tag(12, 0).int64(-(2n ** 53n)))), 'range', 'sequence'],
  ];
  for (const [name, body, code, field] of refused) {
    test(`${name} is refused: ${code} at ${field}`, () => {
      assert.throws(() => decodeImProtobuf(body), refusedWith(code, field));
    });
  }
});

describe('neither encoding writes what the other one could not', () => {
  const message = fullMessage(ImMessageType.CHAT_TEXT);
  const wrong: [change: object, code: string, field: string][] = [
    [{ type: 40 }, 'arm', 'chat'],
    [{ type: 99 }, 'enum', 'type'],
    [{ timestamp: 2 ** 53 }, 'range', 'timestamp'],
    [{ sequence: 0.5 }, 'form', 'sequence'],
    [{ senderId: '\udfff' }, 'unicode', 'senderId'],
    [{ chat: undefined }, 'arm', 'chat'],
  ];
  for (const [change, code, field] of wrong) {
    test(`${Object.keys(change)} is refused: ${code} at ${field}`, () => {
      const bad = { ...message, ...change } as ImMessage;
      assert.throws(() => encodeImJson(bad), refusedWith(code, field));
      assert.throws(() => encodeImProtobuf(bad), refusedWith(code, field));
    });
  }
});

describe("the document's examples are read from `content` as its handlers do", () => {
  const handlers: [section: string, type: ImMessageType, arm: string, examples: object][] = [
    ['4.2', ImMessageType.CHAT_TEXT, 'chat', CHAT_EXAMPLES],
    ['5.2', ImMessageType.NOTIFICATION_ANNOUNCEMENT, 'notification', NOTIFICATION_EXAMPLES],
    ['6.2', ImMessageType.EVENT_SYSTEM_CONFIG_CHANGE, 'event', ADMIN_EXAMPLES],
    ['7.3', ImMessageType.EVENT_USER_STATUS_CHANGE, 'event', EVENT_EXAMPLES],
  ];
  for (const [section, type, arm, examples] of handlers) {
    for (const [name, example] of Object.entries(examples)) {
      test(`${section}, ${name}`, () => {
        const message = fullMessage(type, example);
        const received = [JSON.parse(encodeImJson(message)), decodeImProtobuf(encodeImProtobuf(message))];
        for (const each of received) assert.deepEqual(JSON.parse(each[arm].content), example);
      });
    }
  }
});
