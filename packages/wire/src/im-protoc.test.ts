import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ImMessageStatus, type ImMessageType, imPayloadArm } from './im.ts';
import { decodeImProtobuf, encodeImProtobuf } from './im-codec.ts';
import { EVERY_TYPE, fullMessage } from './im-messages-fixture.ts';

const PROTOS = join(import.meta.dirname, '../proto');
const missing = spawnSync('protoc', ['--version']).error !== undefined && !process.env.CI;
const skip = missing && 'needs protoc: sudo apt-get install protobuf-compiler';

function protoc(mode: 'encode' | 'decode', input: Uint8Array | string): Buffer {
  const args = [`--${mode}=WebSocketMessage`, `-I${PROTOS}`, 'im.proto'];
  const { stdout, stderr, status, error } = spawnSync('protoc', args, { input });
  if (error) throw error;
  assert.equal(status, 0, stderr.toString());
  return stdout;
}

/** What `fullMessage` fills the arms with, in the text format of protobuf. */
const PAYLOAD_TEXT = {
  chat: 'conversationType: "group"',
  notification: 'notificationId: "n1"\n  expiresAt: 1705795199000',
  system: 'code: "EPERM"',
  event: 'eventType: "business.user.login"\n  eventId: "e1"',
};

const textOf = (name: string, type: ImMessageType): string => `messageId: "m1"
${type === 0 ? '' : `type: ${name}\n`}status: MESSAGE_DELIVERED
senderId: "alice"
receiverId: "bob"
conversationId: "alice:bob"
clientMessageId: "c1"
version: "2.0.0"
deviceId: "phone"
source: "im"
timestamp: 1705744800000
sequence: 42
${imPayloadArm(type)} {
  content: "{\\"content\\":\\"hi\\"}"
  ${PAYLOAD_TEXT[imPayloadArm(type)]}
}
`;

describe('an independent protobuf reads and writes what we do', { skip }, () => {
  for (const [name, type] of EVERY_TYPE) {
    test(name, () => {
      const message = fullMessage(type);
      const text = textOf(name, type);
      assert.equal(protoc('decode', encodeImProtobuf(message)).toString(), text);
      assert.deepEqual(decodeImProtobuf(protoc('encode', text)), message);
    });
  }

  for (const [name, status] of Object.entries(ImMessageStatus)) {
    test(name, () => {
      const text = `status: ${name}\nchat { }`;
      assert.equal(decodeImProtobuf(protoc('encode', text)).status, status);
    });
  }

  test('text of every script', () => {
    const message = decodeImProtobuf(protoc('encode', 'senderId: "海内"\nchat { content: "存知己 😀" }'));
    assert.equal(message.senderId, '海内');
    assert.equal(message.chat?.content, '存知己 😀');
  });
});
