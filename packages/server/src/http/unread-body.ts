import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { onSendAsyncHookHandler } from 'fastify';

/** A body up to this size is read to its end by the runtime, in bytes; the connection goes on. */
const SMALL_BODY = 65_536;
/** How much more of a refused body is read and thrown away, in bytes, and for how long, in ms. */
const MAX_DRAIN = 16_777_216;
const MAX_DRAIN_TIME = 5000;

/**
 * Answers a request whose body nobody wants to the end: says `Connection: close`, and closes only after the client had
 * the time to read the answer. Most clients read nothing before they have sent everything, and a connection that is closed
 * on what they still send is reset: they would never see why.
 */
export const closeAfterUnreadBody: onSendAsyncHookHandler<unknown> = async ({ raw }, reply, payload) => {
  if (raw.complete || !hasLargeBody(raw) || !(typeof payload === 'string' || Buffer.isBuffer(payload))) {
    return payload;
  }
  reply.headers({ connection: 'close', 'content-length': Buffer.byteLength(payload) });
  return Readable.from(answerThenDrain(Buffer.from(payload), raw));
};

function hasLargeBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > SMALL_BODY;
}

async function* answerThenDrain(answer: Buffer, request: IncomingMessage): AsyncGenerator<Buffer> {
  yield answer;
  await drain(request);
}

/** Resolves at the end of the body, or at the bounds. */
function drain(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = MAX_DRAIN;
  const onData = ({ length }: Buffer) => {
    left -= length;
    if (left < 0) resolve();
  };
  const timer = setTimeout(resolve, MAX_DRAIN_TIME).unref();
  const done = () => resolve();
  request.on('data', onData).once('end', done).once('close', done).once('error', done).resume();
  return promise.finally(() => {
    clearTimeout(timer);
    request.off('data', onData).off('end', done).off('close', done).off('error', done).pause();
  });
}
