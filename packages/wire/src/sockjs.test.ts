import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  encodeSockJsClose,
  encodeSockJsMessages,
  encodeSockJsString,
  parseSockJsBody,
  parseSockJsWebSocketMessage,
  SockJsPayloadError,
} from './sockjs.ts';

/** Any sequence of UTF-16 code units, lone surrogates and the code points SockJS escapes among them. */
const anyText = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }),
      fc.constantFrom(0, 0x22, 0x5c, 0x2028, 0x200c, 0xd800, 0xdfff, 0xffff),
    ),
  )
  .map((units) => String.fromCharCode(...units));

const mustBeEscaped = (unit: number): boolean =>
  unit < 0x20 ||
  (unit >= 0x200c && unit <= 0x200f) ||
  (unit >= 0x2028 && unit <= 0x202f) ||
  (unit >= 0x2060 && unit <= 0x206f) ||
  unit >= 0xfff0;

describe('encodeSockJsString', () => {
  it('escapes every code unit that the protocol names, and reads back as the same text', () => {
    for (let unit = 0; unit <= 0xffff; unit++) {
      const text = String.fromCharCode(unit);
      const encoded = encodeSockJsString(text);
      assert.equal(JSON.parse(encoded), text);
      const loneSurrogate = unit >= 0xd800 && unit <= 0xdfff;
      if (mustBeEscaped(unit) || loneSurrogate) {
        assert.match(encoded, /^"[\x20-\x7e]+"$/, `U+${unit.toString(16)} must be escaped`);
      }
    }
  });

  it('uses four lower-case hexadecimal digits', () => {
    assert.equal(encodeSockJsString('\u2028\ufff0\ud800\u0001'), '"\\u2028\\ufff0\\ud800\\u0001"');
  });

  it('leaves surrogate pairs as they are', () => {
    assert.equal(encodeSockJsString('😀'), '"😀"');
  });

  it('round-trips any text through UTF-8', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const bytes = new TextEncoder().encode(encodeSockJsString(text));
        assert.equal(JSON.parse(new TextDecoder().decode(bytes)), text);
      }),
    );
  });
});

describe('SockJS frames', () => {
  it('writes messages as an array frame that a client reads back', () => {
    fc.assert(
      fc.property(fc.array(anyText), (messages) => {
        const frame = encodeSockJsMessages(messages);
        assert.equal(frame[0], 'a');
        assert.deepEqual(JSON.parse(frame.slice(1)), messages);
      }),
    );
  });

  it('writes close frames', () => {
    assert.equal(encodeSockJsClose({ code: 3000, reason: 'Go away!' }), 'c[3000,"Go away!"]');
    assert.equal(encodeSockJsClose({ code: 1000, reason: '"\u2028' }), 'c[1000,"\\"\\u2028"]');
  });
});

const faultOf = (parse: () => unknown): string => {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof SockJsPayloadError);
    return error.fault;
  }
  return 'none';
};

describe('parsing what SockJS clients send', () => {
  it('reads arrays of strings', () => {
    fc.assert(
      fc.property(fc.array(anyText), (messages) => {
        const payload = JSON.stringify(messages);
        assert.deepEqual(parseSockJsBody(payload), messages);
        assert.deepEqual(parseSockJsWebSocketMessage(payload), messages);
      }),
    );
  });

  it('reads a single string from a WebSocket only', () => {
    fc.assert(
      fc.property(anyText, (message) => {
        assert.deepEqual(parseSockJsWebSocketMessage(JSON.stringify(message)), [message]);
        assert.equal(
          faultOf(() => parseSockJsBody(JSON.stringify(message))),
          'shape',
        );
      }),
    );
  });

  it('takes an empty WebSocket message as nothing and an empty body as an error', () => {
    assert.deepEqual(parseSockJsWebSocketMessage(''), []);
    assert.equal(
      faultOf(() => parseSockJsBody('')),
      'missing',
    );
  });

  it('refuses JSON of any other shape', () => {
    const isSockJs = (value: unknown): boolean =>
      Array.isArray(value) && value.every((element) => typeof element === 'string');
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!isSockJs(value) && typeof value !== 'string');
        const payload = JSON.stringify(value);
        assert.equal(
          faultOf(() => parseSockJsBody(payload)),
          'shape',
        );
        assert.equal(
          faultOf(() => parseSockJsWebSocketMessage(payload)),
          'shape',
        );
      }),
    );
  });

  it('answers any input at all with messages or with its own error', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.json()), (payload) => {
        for (const parse of [parseSockJsBody, parseSockJsWebSocketMessage]) {
          assert.ok(['none', 'missing', 'syntax', 'shape'].includes(faultOf(() => parse(payload))));
        }
      }),
    );
  });
});
