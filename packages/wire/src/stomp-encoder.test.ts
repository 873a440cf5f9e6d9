import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeFrame, encodeMessage, type StompMessage } from './stomp-encoder.ts';
import type { StompVersion } from './stomp-frame.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

const MESSAGE: StompMessage = {
  destination: '/topic/a',
  subscriptionId: 'sub-0',
  messageId: '7',
  body: bytes('hi'),
};

function message(part: Partial<StompMessage>, version: StompVersion = '1.2'): string {
  return text(encodeMessage({ ...MESSAGE, ...part }, version));
}

describe('encodeFrame', () => {
  test('writes command, headers in their order and the final NUL', () => {
    const frame = encodeFrame('RECEIPT', [
      ['receipt-id', '1'],
      ['x', 'y'],
    ]);
    assert.equal(text(frame), 'RECEIPT\nreceipt-id:1\nx:y\n\n\0');
  });

  test('takes headers from a map', () => {
    assert.equal(text(encodeFrame('ACK', new Map([['id', '1']]))), 'ACK\nid:1\n\n\0');
  });

  test('announces the length of a body in bytes', () => {
    assert.equal(text(encodeFrame('SEND', [], 'Ä海')), 'SEND\ncontent-length:5\n\nÄ海\0');
  });

  test('never believes a content-length it was given', () => {
    assert.equal(
      text(encodeFrame('SEND', [['content-length', '99']], 'ab')),
      'SEND\ncontent-length:2\n\nab\0',
    );
  });

  test('escapes names and values in 1.2', () => {
    const frame = encodeFrame('MESSAGE', [['a:\r\n\\b', 'alpha:bravo\r\n\\']]);
    assert.equal(text(frame), 'MESSAGE\na\\c\\r\\n\\\\b:alpha\\cbravo\\r\\n\\\\\n\n\0');
  });

  test('escapes in 1.1 all but the carriage return, which becomes a space', () => {
    const frame = encodeFrame('MESSAGE', [['a:\r\n\\b', ':\r\n\\']], '', '1.1');
    assert.equal(text(frame), 'MESSAGE\na\\c \\n\\\\b:\\c \\n\\\\\n\n\0');
  });

  test('lets no header of 1.0 break out of its line', () => {
    const frame = encodeFrame('MESSAGE', [['a:b', 'x:y\\\r\nfake:1\n\n\0']], '', '1.0');
    assert.equal(text(frame), 'MESSAGE\na b:x:y\\  fake:1   \n\n\0');
  });

  test('does not escape CONNECT and CONNECTED, and lets nothing break out of them', () => {
    for (const command of ['CONNECT', 'STOMP', 'CONNECTED']) {
      const frame = encodeFrame(command, [['user-name', 'C:\\joe\nfake:1']]);
      assert.equal(text(frame), `${command}\nuser-name:C:\\joe fake:1\n\n\0`);
    }
  });

  test('makes a NUL in a header a space, which no version can express', () => {
    assert.equal(text(encodeFrame('MESSAGE', [['a\0b', 'c\0d']])), 'MESSAGE\na b:c d\n\n\0');
  });

  test('leaves out a header without a name', () => {
    assert.equal(text(encodeFrame('SEND', [['', 'x']])), 'SEND\n\n\0');
  });

  test('writes UTF-8 in headers', () => {
    assert.equal(
      text(encodeFrame('SEND', [['ключ', '日本😀']], 'ü')),
      'SEND\nключ:日本😀\ncontent-length:2\n\nü\0',
    );
  });
});

describe('encodeMessage', () => {
  test('writes what every MESSAGE has, with the length of the body', () => {
    assert.equal(
      message({}),
      'MESSAGE\ndestination:/topic/a\nsubscription:sub-0\nmessage-id:7\ncontent-length:2\n\nhi\0',
    );
  });

  test('announces an empty body too', () => {
    assert.match(message({ body: bytes('') }), /\ncontent-length:0\n\n\0$/);
  });

  test('writes the ack id, the content type and the own headers of the sender', () => {
    const frame = message({
      ackId: 'a1',
      contentType: 'application/xml',
      headers: new Map([['x-custom-header-1', 'value1']]),
    });
    assert.match(
      frame,
      /\nack:a1\ncontent-type:application\/xml\ncontent-length:2\nx-custom-header-1:value1\n\nhi\0$/,
    );
  });

  test('leaves out the subscription where a 1.0 client gave no id', () => {
    assert.doesNotMatch(message({ subscriptionId: undefined }, '1.0'), /subscription/);
  });

  test('passes on no header of the sender that means something else on MESSAGE', () => {
    const frame = message({
      headers: [
        ['content-length', '99'],
        ['receipt', 'r'],
        ['ack', 'x'],
        ['message-id', 'forged'],
        ['subscription', 'other'],
        ['destination', '/app/send'],
        ['transaction', 't'],
        ['content-type', 'a/b'],
        ['mine', 'kept'],
      ],
    });
    assert.equal(
      frame,
      'MESSAGE\ndestination:/topic/a\nsubscription:sub-0\nmessage-id:7\ncontent-length:2\nmine:kept\n\nhi\0',
    );
  });

  test('escapes as the version has it', () => {
    const part = { destination: '/a:b', subscriptionId: 's\n', messageId: 'm\\', ackId: 'a\r' };
    assert.match(
      message(part),
      /^MESSAGE\ndestination:\/a\\cb\nsubscription:s\\n\nmessage-id:m\\\\\nack:a\\r\n/,
    );
    assert.match(
      message(part, '1.0'),
      /^MESSAGE\ndestination:\/a:b\nsubscription:s \nmessage-id:m\\\nack:a \n/,
    );
  });

  test('carries any bytes', () => {
    const body = Uint8Array.from({ length: 256 }, (_, octet) => octet);
    const frame = encodeMessage({ ...MESSAGE, body }, '1.2');
    assert.deepEqual(frame.subarray(-257, -1), body);
  });

  test('uses the memory it is given, whatever that held before', () => {
    const dirty = (length: number): Buffer => Buffer.alloc(length, 0xff);
    for (const destination of ['/topic/a', '/topic/海']) {
      const frame: Buffer = encodeMessage({ ...MESSAGE, destination }, '1.2', dirty);
      assert.equal(frame.toString(), message({ destination }));
    }
  });
});
