import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Batch, encodeWebSocketFrame, Payload } from './index.ts';

describe('encodeWebSocketFrame', () => {
  // RFC 6455 section 5.2: the shortest form of the length must be used.
  for (const [length, header] of [
    [0, [0x82, 0]],
    [125, [0x82, 125]],
    [126, [0x82, 126, 0, 126]],
    [65_535, [0x82, 126, 0xff, 0xff]],
    [65_536, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
  ] as const) {
    it(`uses ${header.length} bytes of header for ${length} bytes`, () => {
      const data = Buffer.alloc(length, 7);
      assert.ok(encodeWebSocketFrame(data, true).equals(Buffer.concat([Buffer.from(header), data])));
    });
  }

  it('tells text from binary', () => {
    assert.equal(encodeWebSocketFrame(Buffer.from('x'), false)[0], 0x81);
  });
});

describe('Payload', () => {
  it('is encoded once for each framing', () => {
    const payload = Payload.text('grüße');
    assert.equal(payload.webSocketFrame, payload.webSocketFrame);
    assert.equal(payload.data, payload.data);
    assert.deepEqual(payload.data, Buffer.from('grüße'));
    assert.equal(payload.sockJsString, '"grüße"');
    assert.equal(new Payload(Buffer.from('grüße')).sockJsString, '"grüße"');
  });

  it('keeps lone surrogates of a text for SockJS', () => {
    assert.equal(Payload.text('\ud800').sockJsString, '"\\ud800"');
  });
});

describe('Batch', () => {
  const [a, b] = [Payload.text('a'), new Payload(Buffer.from('b'), true)];

  it('of one message shares its frame', () => {
    assert.equal(Batch.of(a).webSocketFrames, a.webSocketFrame);
  });

  it('joins its messages for each framing, once', () => {
    const batch = Batch.of(a, b);
    assert.deepEqual(batch.webSocketFrames, Buffer.from([0x81, 1, 0x61, 0x82, 1, 0x62]));
    assert.equal(batch.webSocketFrames, batch.webSocketFrames);
    assert.equal(batch.sockJsFrame, 'a["a","b"]');
    assert.deepEqual(batch.sockJsWebSocketFrame, encodeWebSocketFrame(Buffer.from('a["a","b"]'), false));
    assert.equal(batch.sockJsWebSocketFrame, batch.sockJsWebSocketFrame);
  });
});
