import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeImJson, decodeImProtobuf, encodeImJson, encodeImProtobuf } from './im-codec.ts';
import { ImCodecError } from './im-message.ts';
import { anyMessage, EVERY_TYPE, fullMessage } from './im-messages-fixture.ts';

/** Decodes, or throws the codec's own error and no other. */
function answers(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    assert.ok(error instanceof ImCodecError, String(error));
  }
}

describe('a message comes back as it was', () => {
  for (const [name, type] of EVERY_TYPE) {
    test(`${name} from JSON, from protobuf, and from one through the other`, () => {
      fc.assert(
        fc.property(anyMessage(type), (message) => {
          assert.deepEqual(decodeImJson(encodeImJson(message)), message);
          assert.deepEqual(decodeImProtobuf(encodeImProtobuf(message)), message);
          const throughJson = decodeImJson(encodeImJson(message));
          assert.deepEqual(decodeImProtobuf(encodeImProtobuf(throughJson)), message);
        }),
      );
    });
  }
});

describe('garbage is answered with an ImCodecError', () => {
  const whole = EVERY_TYPE.map(([, type]) => encodeImProtobuf(fullMessage(type)));

  test('any bytes as protobuf and as JSON', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        answers(() => decodeImProtobuf(bytes));
        answers(() => decodeImJson(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test('any JSON value', () => {
    fc.assert(fc.property(fc.json(), (json) => answers(() => decodeImJson(json))));
  });

  test('a message with bytes changed', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...whole), changes, (bytes, changed) => {
        const copy = bytes.slice();
        for (const [at, value] of changed) copy[at % copy.length] = value;
        answers(() => decodeImProtobuf(copy));
      }),
      { numRuns: 2000 },
    );
  });

  test('a message cut short anywhere', () => {
    for (const bytes of whole) {
      for (let end = 0; end < bytes.length; end++) answers(() => decodeImProtobuf(bytes.subarray(0, end)));
    }
  });

  test('groups inside each other without end', () => {
    const groups = new Uint8Array(65_536).fill((13 << 3) | 3);
    assert.throws(() => decodeImProtobuf(groups), { name: 'ImCodecError', code: 'malformed' });
  });
});
