import assert from 'node:assert/strict';
import {
  decodeImJson,
  decodeImProtobuf,
  encodeFrame,
  encodeSockJsMessages,
  IM_SENDABLE_TYPES,
  ImCodecError,
  parseSockJsBody,
  parseSockJsWebSocketMessage,
  SockJsPayloadError,
  STOMP_VERSIONS,
  StompDecoder,
  type StompFrame,
  StompProtocolError,
  type StompVersion,
} from '@haina/wire';
import fc from 'fast-check';
import { DomainError } from '../../../src/core/errors.ts';
import { parseJson } from '../../../src/dialects/common/json.ts';
import { readChatContent } from '../../../src/dialects/im/chat-content.ts';
import { peekMessageId, readBody } from '../../../src/dialects/im/schemas.ts';
import { readSend } from '../../../src/dialects/xuqm/schemas.ts';
import { anyImBody, IM_DESTINATIONS } from './im-inputs.ts';
import { anyStream, XUQM } from './inputs.ts';
import { mutate, Random } from './random.ts';

const LIMITS = { maxFrameBytes: 2048, maxHeaderBytes: 1024, maxHeaders: 12 };
/** What was read may take twice the room when its characters are escaped. */
const ROOMY = { maxFrameBytes: 8192, maxHeaderBytes: 4096, maxHeaders: 12 };

/** A client's stream as a live one is attacked with, and where to cut it. */
const streams = fc.record({
  seed: fc.nat({ max: 2 ** 31 - 1 }),
  mutations: fc.nat({ max: 6 }),
  version: fc.constantFrom(...STOMP_VERSIONS),
});

interface Outcome {
  readonly frames: readonly StompFrame[];
  /** Why the stream ended early. */
  readonly error?: string;
}

function decode(chunks: readonly Uint8Array[], version: StompVersion, limits = LIMITS): Outcome {
  const decoder = new StompDecoder(limits);
  decoder.version = version;
  const frames: StompFrame[] = [];
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame; frame = decoder.next()) {
        frames.push({ ...frame, body: Buffer.from(frame.body) });
      }
      assert.ok(decoder.pendingBytes <= limits.maxFrameBytes + 1, `${decoder.pendingBytes} bytes wait`);
    }
    return { frames };
  } catch (error) {
    if (!(error instanceof StompProtocolError)) throw error;
    return { frames, error: `${error.message}: ${error.detail} ${error.receiptId}` };
  }
}

/** Any slicing gives the same frames and the same end; and what was read can be written and read again. */
const stomp = fc.property(streams, ({ seed, mutations, version }) => {
  const random = new Random(seed);
  const sound = anyStream(random, 'a.b.c', XUQM);
  const stream = mutations === 0 ? sound : mutate(sound, random, mutations);
  const whole = decode([stream], version);
  assert.deepEqual(decode(random.slices(stream, 8), version), whole);
  for (const frame of whole.frames) assertSame(frame, version);
});

function assertSame({ command, headers, body }: StompFrame, version: StompVersion): void {
  const again = decode([encodeFrame(command, headers, body, version)], version, ROOMY).frames[0];
  const without = (of: ReadonlyMap<string, string> | undefined) =>
    [...(of ?? [])].filter(([name]) => name !== 'content-length');
  assert.deepEqual([again?.command, without(again?.headers)], [command, without(headers)]);
  assert.deepEqual(again?.body, body);
}

const texts = fc.array(fc.string({ unit: 'binary' }), { maxLength: 6 });

/** What is sent arrives; what was changed on the way is texts, or refused. */
const sockJs = fc.property(texts, fc.nat(), (messages, seed) => {
  const random = new Random(seed);
  assert.deepEqual(JSON.parse(encodeSockJsMessages(messages).slice(1)), messages);
  const sound = JSON.stringify(messages);
  assert.deepEqual(parseSockJsBody(sound), messages);
  const changed = mutate(Buffer.from(sound), random).toString();
  for (const parse of [parseSockJsBody, parseSockJsWebSocketMessage]) {
    const parsed = refusedAs(SockJsPayloadError, () => parse(changed)) ?? [];
    assert.ok(parsed.every((message) => typeof message === 'string'));
  }
});

/** A body is read or refused, and never names a prototype. */
const json = fc.property(fc.json({ maxDepth: 6 }), fc.nat(), (sound, seed) => {
  const body = mutate(Buffer.from(sound), new Random(seed));
  refusedAs(DomainError, () => readSend(body));
  assert.ok(!namesPrototype(refusedAs(DomainError, () => parseJson(body))));
});

/** A body of `im` in either encoding is read or refused, and what is told of a refusal is a text or nothing. */
const im = fc.property(fc.nat(), (seed) => {
  const random = new Random(seed);
  const destination = random.pick(IM_DESTINATIONS);
  const { body, type } = anyImBody(random, destination);
  for (const encoding of ['json', 'protobuf'] as const) {
    const read = refusedAs(DomainError, () => readBody(destination, body, encoding));
    assert.ok(!namesPrototype(read));
    const content = (read as { content?: unknown } | undefined)?.content;
    const { document } =
      refusedAs(DomainError, () => readChatContent(random.pick(IM_SENDABLE_TYPES), content)) ?? {};
    assert.ok(!namesPrototype(document));
    const id = peekMessageId(destination, body, encoding);
    assert.ok(id === null || typeof id === 'string', type);
  }
  refusedAs(ImCodecError, () => decodeImProtobuf(body));
  refusedAs(ImCodecError, () => decodeImJson(body));
});

function namesPrototype(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(namesPrototype);
}

/** The outcome, or undefined where it was refused in the proper way. */
function refusedAs<T>(proper: new (...args: never[]) => Error, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof proper) return undefined;
    throw error;
  }
}

/** Throws the seed and the input of what it finds. @param time in ms */
export function checkCodecs(seed: number, time: number): void {
  const properties = [stomp, sockJs, json, im] as readonly fc.IProperty<unknown>[];
  for (const property of properties) {
    fc.assert(property, {
      seed,
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: time / properties.length,
      markInterruptAsFailure: false,
    });
  }
}
