import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { StompDecoder } from './stomp-decoder.ts';
import { encodeFrame, encodeMessage } from './stomp-encoder.ts';
import { STOMP_VERSIONS, type StompFrame, StompProtocolError, type StompVersion } from './stomp-frame.ts';

/** Characters that a version has no escape for: they come back as spaces. */
const LOST: Readonly<Record<StompVersion, RegExp>> = { '1.0': /[\r\n\0]/g, '1.1': /[\r\0]/g, '1.2': /\0/g };
const asValue = (text: string, version: StompVersion): string => text.replace(LOST[version], ' ');
const asName = (text: string, version: StompVersion): string =>
  version === '1.0' ? asValue(text, version).replaceAll(':', ' ') : asValue(text, version);
/** What a client of 1.0 pads its headers with is not part of them. */
const asRead = (text: string, version: StompVersion): string => (version === '1.0' ? text.trim() : text);

const character = fc.oneof(
  fc.constantFrom('\\', ':', '\n', '\r', 'n', 'r', 'c', '\0', ' ', '\t'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
);
const headerText = fc.array(character, { maxLength: 12 }).map((characters) => characters.join(''));
const version = fc.constantFrom(...STOMP_VERSIONS);
/** Names of the encoder's own headers are no test of the headers it was given. */
const headers = fc.array(
  fc.tuple(
    headerText.map((name) => `x${name}`),
    headerText,
  ),
  { maxLength: 8 },
);
const body = fc.uint8Array({ maxLength: 64 });
/** Where to cut a stream, as fractions of its length. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

function slice(stream: Uint8Array, fractions: readonly number[]): Uint8Array[] {
  const at = fractions.map((fraction) => Math.floor(fraction * stream.length)).sort((a, b) => a - b);
  return [...at, stream.length].map((end, n) => stream.subarray(at[n - 1] ?? 0, end));
}

function decodeAll(decoder: StompDecoder, chunks: readonly Uint8Array[]): StompFrame[] {
  const frames: StompFrame[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame);
  }
  return frames;
}

/** What happens to a stream: its frames, and the message of the error that ended it. */
function outcome(chunks: readonly Uint8Array[], spoken: StompVersion): unknown[] {
  const decoder = new StompDecoder({ maxFrameBytes: 200, maxHeaderBytes: 100, maxHeaders: 4 });
  decoder.version = spoken;
  const result: unknown[] = [];
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
        result.push([frame.command, [...frame.headers], Buffer.from(frame.body).toString('hex')]);
      }
    }
  } catch (error) {
    assert.ok(error instanceof StompProtocolError);
    result.push(error.message, error.detail, error.receiptId);
  }
  return result;
}

/** Streams that look like STOMP often enough to reach its every corner. */
const nearlyStomp = fc
  .array(
    fc.oneof(
      fc.constantFrom('SEND', 'CONNECT', 'ACK', 'FOO', '\n', '\r\n', '\n\n', '\0', '\r', ':', '\\n', '\\x'),
      fc.constantFrom(
        'receipt:1\n',
        'content-length:',
        '3',
        'a:b\n',
        'SEND\n\nxyz\0',
        'SEND\ncontent-length:2\n\n',
      ),
      fc.uint8Array({ maxLength: 4 }).map((octets) => Buffer.from(octets).toString('latin1')),
    ),
    { maxLength: 24 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

describe('the STOMP codec', () => {
  test('decodes what it encodes, in every version and any slicing', () => {
    fc.assert(
      fc.property(
        version,
        fc.array(fc.tuple(headers, body), { maxLength: 4 }),
        cuts,
        (spoken, messages, fractions) => {
          const stream = Buffer.concat(
            messages.flatMap(([entries, content]) => [
              encodeFrame('SEND', entries, content, spoken),
              Buffer.from('\n'),
            ]),
          );
          const decoder = new StompDecoder();
          decoder.version = spoken;
          const frames = decodeAll(decoder, slice(stream, fractions));
          assert.equal(frames.length, messages.length);
          for (const [n, [entries, content]] of messages.entries()) {
            const sent = entries.map(
              ([name, value]) =>
                [asRead(asName(name, spoken), spoken), asRead(asValue(value, spoken), spoken)] as const,
            );
            const expected = new Map(sent.reverse());
            const actual = new Map(frames[n]?.headers);
            actual.delete('content-length');
            assert.deepEqual(actual, expected);
            assert.deepEqual(Buffer.from(frames[n]?.body ?? []), Buffer.from(content));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('reads a MESSAGE back as it was meant', () => {
    fc.assert(
      fc.property(
        version,
        headerText,
        headerText,
        headerText,
        body,
        (spoken, destination, id, messageId, content) => {
          const decoder = new StompDecoder({ sender: 'server' });
          decoder.version = spoken;
          decoder.push(encodeMessage({ destination, subscriptionId: id, messageId, body: content }, spoken));
          const frame = decoder.next();
          assert.equal(frame?.headers.get('destination'), asValue(destination, spoken));
          assert.equal(frame?.headers.get('subscription'), asValue(id, spoken));
          assert.equal(frame?.headers.get('message-id'), asValue(messageId, spoken));
          assert.equal(frame?.headers.size, 4);
          assert.deepEqual(Buffer.from(frame?.body ?? []), Buffer.from(content));
          assert.equal(decoder.pendingBytes, 0);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('ends in frames, in waiting or in a protocol error, whatever bytes come', () => {
    fc.assert(
      fc.property(version, fc.uint8Array({ maxLength: 300 }), (spoken, noise) => {
        outcome([noise], spoken);
      }),
      { numRuns: 1000 },
    );
  });

  test('does not depend on how the stream was sliced, sound or not', () => {
    fc.assert(
      fc.property(version, nearlyStomp, cuts, (spoken, stream, fractions) => {
        const whole = outcome([stream], spoken);
        assert.deepEqual(outcome(slice(stream, fractions), spoken), whole);
        assert.deepEqual(
          outcome(
            slice(
              stream,
              Array.from(stream, (_, n) => n / stream.length),
            ),
            spoken,
          ),
          whole,
        );
      }),
      { numRuns: 2000 },
    );
  });
});
